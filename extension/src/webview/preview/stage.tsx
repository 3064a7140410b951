// The selected output, large.
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { OutputView } from "../../shared/protocol";
import { Controls, FullWidthButton } from "./controls";
import { Icon, IconButton } from "./iconButton";
import { type Memory, useKept } from "./kept";
import type { Point } from "./menu";
import { type Send, isPicture, openAction } from "./outputMenu";
import { Picture } from "./picture";
import { onVideoKey, usePlayback, useSpeed } from "./player";

export interface StageProps {
  readonly output: OutputView;
  readonly autoplay: boolean;
  readonly loop: boolean;
  /** Whether it can be seen, and nothing is about to be done with the frame that is looked at */
  readonly visible: boolean;
  readonly reducedMotion: boolean;
  readonly memory: Memory;
  readonly send: Send;
  /** `frame`: the one that is looked at; null when that cannot be told */
  readonly onMenu: (at: Point, frame: number | null) => void;
}

export function Stage(props: StageProps): JSX.Element {
  const { output } = props;
  return isPicture(output) ? <PictureStage key={output.id} {...props} /> : <VideoStage key={output.id} {...props} />;
}

function VideoStage(props: StageProps): JSX.Element {
  const { output, memory, reducedMotion, visible } = props;
  const video = useRef<HTMLVideoElement>(null);
  const [speed, setSpeed] = useKept(memory, "speed");
  const [loop, setLoop] = useKept(memory, "loop");
  const [fullWidth, setFullWidth] = useKept(memory, "fullWidth");
  const [broken, setBroken] = useState(false);
  const playback = usePlayback(video, output, memory, props.autoplay && !reducedMotion, visible);
  useSpeed(video, speed);
  const looping = loop ?? props.loop;
  if (broken) {
    return <Broken {...props} />;
  }
  return (
    <section class="stage" aria-label="Output">
      <Surface
        {...props}
        fullWidth={fullWidth}
        label={`Video ${output.name}`}
        frame={playback.hold}
        onKey={(key) => onVideoKey(key, playback)}
        onClick={playback.toggle}
      >
        <video
          ref={video}
          src={output.url}
          poster={output.posterUrl ?? undefined}
          width={output.width || undefined}
          height={output.height || undefined}
          muted
          playsInline
          preload="auto"
          loop={looping}
          tabIndex={-1}
          onError={() => {
            setBroken(true);
          }}
        />
      </Surface>
      <Controls playback={playback} speed={speed} onSpeed={setSpeed} loop={looping} onLoop={setLoop}>
        <EndButtons
          fullWidth={fullWidth}
          onFullWidth={setFullWidth}
          onMenu={(at) => {
            props.onMenu(at, playback.hold());
          }}
        />
      </Controls>
    </section>
  );
}

function PictureStage(props: StageProps): JSX.Element {
  const { output, memory, reducedMotion } = props;
  const [fullWidth, setFullWidth] = useKept(memory, "fullWidth");
  const [broken, setBroken] = useState(false);
  const moves = output.frames > 1;
  const [playing, setPlaying] = useState(props.autoplay && !reducedMotion);
  const still = moves && !(playing && props.visible);
  if (broken) {
    return <Broken {...props} />;
  }
  return (
    <section class="stage" aria-label="Output">
      <Surface {...props} fullWidth={fullWidth} label={`Picture ${output.name}`} frame={() => (moves ? null : 0)}>
        <Picture
          url={output.url}
          alt={output.job?.title ?? output.name}
          still={still}
          onBroken={() => {
            setBroken(true);
          }}
        />
      </Surface>
      <div class="controls">
        <div class="buttons">
          {moves && (
            <IconButton
              icon={playing ? "debug-pause" : "play"}
              label={playing ? "Show Still" : "Play"}
              onClick={() => {
                setPlaying(!playing);
              }}
            />
          )}
          <span class="spacer" />
          <EndButtons
            fullWidth={fullWidth}
            onFullWidth={setFullWidth}
            onMenu={(at) => {
              props.onMenu(at, moves ? null : 0);
            }}
          />
        </div>
      </div>
    </section>
  );
}

function EndButtons({
  fullWidth,
  onFullWidth,
  onMenu,
}: {
  readonly fullWidth: boolean;
  readonly onFullWidth: (fullWidth: boolean) => void;
  readonly onMenu: (at: Point) => void;
}): JSX.Element {
  return (
    <>
      <FullWidthButton fullWidth={fullWidth} onFullWidth={onFullWidth} />
      <IconButton
        icon="ellipsis"
        label="More Actions"
        menu
        onClick={(event) => {
          onMenu(below(event));
        }}
      />
    </>
  );
}

interface SurfaceProps extends StageProps {
  readonly fullWidth: boolean;
  readonly label: string;
  readonly frame: () => number | null;
  /** Whether the key was one of its own */
  readonly onKey?: (key: string) => boolean;
  readonly onClick?: () => void;
  readonly children: JSX.Element;
}

/** Takes the keys of the stage, the double click and the context menu. */
function Surface(props: SurfaceProps): JSX.Element {
  const { output, send, fullWidth, label, frame, onKey, onMenu } = props;
  const open = (): void => {
    void send({ type: "output", action: openAction(output), id: output.id });
  };
  return (
    <div
      class={`surface${fullWidth ? " full-width" : ""}`}
      role="group"
      aria-label={label}
      tabIndex={0}
      onClick={props.onClick}
      onDblClick={open}
      onContextMenu={(event) => {
        event.preventDefault();
        onMenu(pointOf(event), frame());
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter") {
          open();
        } else if (onKey?.(event.key)) {
          event.preventDefault();
        }
      }}
    >
      {props.children}
    </div>
  );
}

function Broken({ output, send, onMenu }: StageProps): JSX.Element {
  return (
    <section class="stage" aria-label="Output">
      <div
        class="surface broken"
        onContextMenu={(event) => {
          event.preventDefault();
          onMenu(pointOf(event), null);
        }}
      >
        <p>
          <Icon name="warning" /> {output.name} cannot be shown here.
        </p>
        <button
          type="button"
          class="button secondary"
          onClick={() => void send({ type: "output", action: "openExternal", id: output.id })}
        >
          Open in Default Player
        </button>
      </div>
    </section>
  );
}

/** Where a context menu belongs; one that was asked for by keyboard has no place of its own. */
export function pointOf(event: MouseEvent): Point {
  return event.clientX || event.clientY ? { x: event.clientX, y: event.clientY } : below(event);
}

export function below(event: MouseEvent): Point {
  const box = event.currentTarget instanceof Element ? event.currentTarget.getBoundingClientRect() : new DOMRect();
  return { x: box.left, y: Math.min(box.bottom, innerHeight) };
}
