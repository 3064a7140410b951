// Two videos side by side, in step: one set of controls, and below them what one was made with and the other was not.
import type { ComponentChildren, JSX, RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { OutputView } from "../../shared/protocol";
import type { ModelInfo } from "../../worker/contract";
import { Controls } from "./controls";
import { rowsOf } from "./details";
import { Icon, IconButton } from "./iconButton";
import { type Memory, useKept } from "./kept";
import type { Send } from "./outputMenu";
import { clipOf, timeOfFrame } from "./playback";
import { onVideoKey, type Playback, usePlayback, useSpeed } from "./player";

interface Props {
  /** The longer one first, which gives the time; `left` says which of them stands on the left. */
  readonly outputs: readonly [OutputView, OutputView];
  readonly left: string;
  readonly models: readonly ModelInfo[];
  readonly autoplay: boolean;
  readonly loop: boolean;
  readonly visible: boolean;
  readonly memory: Memory;
  readonly send: Send;
  readonly onClose: () => void;
}

/** The longer one first. */
export function pairOf(left: OutputView, right: OutputView): Props["outputs"] {
  return secondsOf(right) > secondsOf(left) ? [right, left] : [left, right];
}

export function Pair(props: Props): JSX.Element {
  const { outputs, left, memory, send, onClose } = props;
  const [lead, other] = outputs;
  const video = useRef<HTMLVideoElement>(null);
  const follower = useRef<HTMLVideoElement>(null);
  const [speed, setSpeed] = useKept(memory, "speed");
  const [loop, setLoop] = useKept(memory, "loop");
  const playback = usePlayback(video, lead, memory, props.autoplay, props.visible);
  useSpeed(video, speed);
  useSpeed(follower, speed);
  useInStep(follower, other, playback);
  const looping = loop ?? props.loop;
  const [a, b] = lead.id === left ? [lead, other] : [other, lead];
  return (
    <section class="stage pair" aria-label="Two videos side by side">
      <Surface playback={playback} onClose={onClose}>
        {[a, b].map((output) => (
          <figure key={output.id}>
            <Clip output={output} element={output === lead ? video : follower} loop={output === lead && looping} />
            <figcaption>{output === a ? "A" : "B"}</figcaption>
          </figure>
        ))}
      </Surface>
      <Controls playback={playback} speed={speed} onSpeed={setSpeed} loop={looping} onLoop={setLoop}>
        <IconButton
          icon="save"
          label="Make a Side-by-Side Video"
          onClick={() => {
            void send({ type: "compare", ids: [a.id, b.id] });
          }}
        />
        <IconButton icon="close" label="Stop Comparing (Escape)" onClick={onClose} />
      </Controls>
      <Differences a={a} b={b} models={props.models} />
    </section>
  );
}

interface ClipProps {
  readonly output: OutputView;
  readonly element: RefObject<HTMLVideoElement>;
  readonly loop: boolean;
}

function Clip({ output, element, loop }: ClipProps): JSX.Element {
  const [broken, setBroken] = useState(false);
  return broken ? (
    <p class="unshown">
      <Icon name="warning" /> {output.name} cannot be shown here.
    </p>
  ) : (
    <video
      ref={element}
      src={output.url}
      muted
      playsInline
      preload="auto"
      loop={loop}
      tabIndex={-1}
      onError={() => {
        setBroken(true);
      }}
    />
  );
}

/** Takes the keys and the click. */
function Surface({
  playback,
  onClose,
  children,
}: {
  readonly playback: Playback;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <div
      class="surface"
      role="group"
      aria-label="Two videos in step"
      tabIndex={0}
      onClick={playback.toggle}
      onKeyDown={(event) => {
        if (event.key === "Escape") {
          onClose();
        } else if (onVideoKey(event.key, playback)) {
          event.preventDefault();
        }
      }}
    >
      {children}
    </div>
  );
}

function Differences({
  a,
  b,
  models,
}: {
  readonly a: OutputView;
  readonly b: OutputView;
  readonly models: readonly ModelInfo[];
}) {
  const rows = differences(a, b, models);
  return (
    <section class="details" aria-label="What differs">
      {rows.length === 0 ? (
        <p class="caption">Both were made with the same prompt and parameters.</p>
      ) : (
        <table class="differences">
          <thead>
            <tr>
              <th scope="col">What differs</th>
              <th scope="col">A</th>
              <th scope="col">B</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, first, second]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{first}</td>
                <td>{second}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

/** Differ always, and say nothing. */
const ALWAYS = new Set(["File", "Written"]);

/** Name and both values of what was not the same, the prompt first. */
export function differences(
  a: OutputView,
  b: OutputView,
  models: readonly ModelInfo[],
): readonly (readonly [string, string, string])[] {
  const [first, second] = [a, b].map(
    (output) => new Map([["Prompt", output.job?.title ?? output.name] as const, ...rowsOf(output, models)]),
  );
  if (first === undefined || second === undefined) {
    return [];
  }
  return [...new Set([...first.keys(), ...second.keys()])]
    .filter((name) => !ALWAYS.has(name) && first.get(name) !== second.get(name))
    .map((name) => [name, first.get(name) ?? "–", second.get(name) ?? "–"] as const);
}

function secondsOf({ frames, fps }: OutputView): number {
  return fps === null ? 0 : frames / fps;
}

/** Lets the follower show the frame of the same moment; when it is the shorter one, it stands still at its end. */
function useInStep(video: RefObject<HTMLVideoElement>, output: OutputView, lead: Playback): void {
  useEffect(() => {
    const follower = video.current;
    if (!follower) {
      return;
    }
    const clip = clipOf(output.frames, output.fps, follower.duration);
    const frame = Math.floor((lead.frame / lead.clip.fps) * clip.fps + 0.01);
    const time = timeOfFrame(clip, frame);
    const atEnd = frame >= clip.frames - 1;
    // Both play by themselves; only who is off by more than a frame is put right, as each seek takes time.
    if (lead.paused || atEnd || Math.abs(follower.currentTime - time) > 1.5 / clip.fps) {
      follower.currentTime = time;
    }
    if (lead.paused || atEnd) {
      follower.pause();
    } else if (follower.paused) {
      follower.play().catch(() => undefined);
    }
  }, [lead.frame, lead.paused, lead.clip, output.id]);
}
