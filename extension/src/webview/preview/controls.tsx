import type { ComponentChildren, JSX } from "preact";
import { IconButton } from "./iconButton";
import { SPEEDS, clock, timeOfFrame } from "./playback";
import type { Playback } from "./player";

interface Props {
  readonly playback: Playback;
  readonly speed: number;
  readonly loop: boolean;
  readonly onSpeed: (speed: number) => void;
  readonly onLoop: (loop: boolean) => void;
  /** The buttons at the end */
  readonly children: ComponentChildren;
}

export function Controls(props: Props): JSX.Element {
  const { playback, loop } = props;
  return (
    <div class="controls">
      <Scrubber {...playback} />
      <div class="buttons" role="group" aria-label="Playback">
        <IconButton
          icon="chevron-left"
          label="Previous Frame (Left Arrow)"
          onClick={() => {
            playback.step(-1);
          }}
        />
        <IconButton
          icon={playback.paused ? "play" : "debug-pause"}
          label={playback.paused ? "Play (Space)" : "Pause (Space)"}
          onClick={playback.toggle}
        />
        <IconButton
          icon="chevron-right"
          label="Next Frame (Right Arrow)"
          onClick={() => {
            playback.step(1);
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

function Scrubber({ clip, frame, seek }: Pick<Playback, "clip" | "frame" | "seek">): JSX.Element {
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
          seek(event.currentTarget.valueAsNumber);
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
