// The latest outputs, small, to choose from. One stop for Tab; arrows walk inside, and what has the focus is shown.
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { OutputView } from "../../shared/protocol";
import { Icon } from "./iconButton";
import type { Point } from "./menu";
import { type Send, isPicture, openAction } from "./outputMenu";
import { Picture } from "./picture";
import { pointOf } from "./stage";

interface Props {
  readonly outputs: readonly OutputView[];
  readonly selected: string | null;
  readonly reducedMotion: boolean;
  readonly send: Send;
  readonly onMenu: (output: OutputView, at: Point) => void;
}

export function Strip(props: Props): JSX.Element {
  const { outputs, selected, send } = props;
  const list = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState(selected);
  const at = outputs.findIndex((output) => output.id === (focused ?? selected));
  const stop = Math.max(at, 0);

  useEffect(() => {
    setFocused(selected);
    if (list.current) {
      scrollToSelected(list.current);
    }
  }, [selected]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const output = outputs[stop];
    if (event.key === "Enter" && output) {
      void send({ type: "output", action: openAction(output), id: output.id });
    } else if (event.key === "Delete" && output) {
      void send({ type: "output", action: "delete", id: output.id });
    } else {
      const next = target(event.key, stop, outputs.length);
      const chosen = next === null ? undefined : outputs[next];
      if (next === null || !chosen) {
        return;
      }
      setFocused(chosen.id);
      list.current?.querySelectorAll<HTMLElement>("[role=option]")[next]?.focus();
      void send({ type: "select", id: chosen.id });
    }
    event.preventDefault();
  };

  return (
    <div
      class="strip"
      role="listbox"
      aria-label="Latest outputs"
      aria-orientation="horizontal"
      ref={list}
      onKeyDown={onKeyDown}
    >
      {outputs.map((output, index) => (
        <Thumbnail key={output.id} {...props} output={output} selected={output.id === selected} stop={index === stop} />
      ))}
    </div>
  );
}

interface ThumbnailProps extends Pick<Props, "reducedMotion" | "send" | "onMenu"> {
  readonly output: OutputView;
  readonly selected: boolean;
  readonly stop: boolean;
}

function Thumbnail({ output, selected, stop, reducedMotion, send, onMenu }: ThumbnailProps): JSX.Element {
  const picture = output.posterUrl ?? (isPicture(output) ? output.url : null);
  const name = output.job?.title ? `${output.job.title} (${output.name})` : output.name;
  return (
    <div
      class="thumbnail"
      role="option"
      aria-selected={selected}
      aria-label={name}
      title={name}
      tabIndex={stop ? 0 : -1}
      onClick={() => void send({ type: "select", id: output.id })}
      onDblClick={() => void send({ type: "output", action: openAction(output), id: output.id })}
      onContextMenu={(event) => {
        event.preventDefault();
        onMenu(output, pointOf(event));
      }}
    >
      {picture === null ? (
        <Icon name="device-camera-video" />
      ) : (
        <Picture url={picture} alt="" lazy still={reducedMotion && output.frames > 1 && output.posterUrl === null} />
      )}
      {!isPicture(output) && picture !== null && (
        <span class="badge">
          <Icon name="play" />
        </span>
      )}
    </div>
  );
}

/** Moves the strip only; scrollIntoView would move the whole view as well. */
function scrollToSelected(list: HTMLElement): void {
  const thumbnail = list.querySelector("[aria-selected=true]")?.getBoundingClientRect();
  const frame = list.getBoundingClientRect();
  if (thumbnail && thumbnail.left < frame.left) {
    list.scrollLeft -= frame.left - thumbnail.left;
  } else if (thumbnail && thumbnail.right > frame.right) {
    list.scrollLeft += thumbnail.right - frame.right;
  }
}

/** The place that a key leads to. */
function target(key: string, from: number, length: number): number | null {
  switch (key) {
    case "ArrowRight":
    case "ArrowDown":
      return Math.min(from + 1, length - 1);
    case "ArrowLeft":
    case "ArrowUp":
      return Math.max(from - 1, 0);
    case "Home":
      return 0;
    case "End":
      return length - 1;
    default:
      return null;
  }
}
