import type { ComponentChildren, JSX } from "preact";
import { IconButton } from "./iconButton";
import { type Clip, SPEEDS, clock, timeOfFrame } from "./playback";

interface Props {
  readonly clip: Clip;
  readonly frame: number;
  readonly paused: boolean;
  readonly speed: number;
  readonly loop: boolean;
  readonly onSeek: (frame: number) => void;
  readonly onStep: (by: 1 | -1) => void;
  readonly onToggle: () => void;
  readonly onSpeed: (speed: number) => void;
  readonly onLoop: (loop: boolean) => void;
  /** The buttons at the end */
  readonly children: ComponentChildren;
}

export function Controls(props: Props): JSX.Element {
  const { clip, frame, paused, loop } = props;
  return (
    <div class="controls">
      <Scrubber clip={clip} frame={frame} onSeek={props.onSeek} />
      <div class="buttons" role="group" aria-label="Playback">
        <IconButton
          icon="chevron-left"
          label="Previous Frame (Left Arrow)"
          onClick={() => {
            props.onStep(-1);
          }}
        />
        <IconButton
          icon={paused ? "play" : "debug-pause"}
          label={paused ? "Play (Space)" : "Pause (Space)"}
          onClick={props.onToggle}
        />
        <IconButton
          icon="chevron-right"
          label="Next Frame (Right Arrow)"
          onClick={() => {
            props.onStep(1);
          }}
        />
        <span class="spacer" />
        <Speed speed={props.speed} onSpeed={props.onSpeed} />
        <IconButton
          icon="sync"
          label="Loop"
          pressed={loop}
          onClick={() => {
            props.onLoop(!loop);
          }}
        />
        {props.children}
      </div>
    </div>
  );
}

function Scrubber({ clip, frame, onSeek }: Pick<Props, "clip" | "frame" | "onSeek">): JSX.Element {
  return (
    <div class="scrubber">
      <input
        type="range"
        min={0}
        max={clip.frames - 1}
        step={1}
        value={frame}
        aria-label="Frame"
        aria-valuetext={`Frame ${frame + 1} of ${clip.frames}, ${clock(timeOfFrame(clip, frame))}`}
        onInput={(event) => {
          onSeek(event.currentTarget.valueAsNumber);
        }}
      />
      <span
        class="position"
        aria-hidden="true"
        title={`${clock(frame / clip.fps)} of ${clock(clip.frames / clip.fps)}`}
      >
        {frame + 1} / {clip.frames}
      </span>
    </div>
  );
}

function Speed({ speed, onSpeed }: Pick<Props, "speed" | "onSpeed">): JSX.Element {
  return (
    <select
      class="speed"
      aria-label="Speed"
      title="Speed"
      value={String(speed)}
      onChange={(event) => {
        onSpeed(Number(event.currentTarget.value));
      }}
    >
      {SPEEDS.map((choice) => (
        <option key={choice} value={String(choice)}>
          {choice}×
        </option>
      ))}
    </select>
  );
}

export function FullWidthButton({
  fullWidth,
  onFullWidth,
}: {
  readonly fullWidth: boolean;
  readonly onFullWidth: (fullWidth: boolean) => void;
}): JSX.Element {
  return (
    <IconButton
      icon={fullWidth ? "screen-normal" : "screen-full"}
      label="Full Width"
      pressed={fullWidth}
      onClick={() => {
        onFullWidth(!fullWidth);
      }}
    />
  );
}
