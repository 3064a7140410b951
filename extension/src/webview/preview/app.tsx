import type { JSX } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { OutputView, PreviewMessage, PreviewState } from "../../shared/protocol";
import { type Channel, Refusal } from "../channel";
import { announcement } from "./announce";
import { Details } from "./details";
import { Health } from "./health";
import { Icon, IconButton } from "./iconButton";
import { Jobs } from "./jobs";
import { type Memory, useKept } from "./kept";
import { Menu, type MenuItem, type Point } from "./menu";
import { useReducedMotion } from "./motion";
import { type Send, isPicture, outputMenu } from "./outputMenu";
import { Pair, pairOf } from "./pair";
import { Prompt } from "./prompt";
import { takesStartImage } from "../../shared/schema";
import { Stage } from "./stage";
import { readDropped } from "./startImage";
import { StoryboardPrompt } from "./storyboardPrompt";
import { Strip } from "./strip";

interface Props {
  readonly state: PreviewState;
  readonly channel: Channel<PreviewMessage, PreviewState>;
  readonly memory: Memory;
}

interface OpenMenu {
  readonly output: OutputView;
  readonly at: Point;
  readonly frame: number | null;
}

export interface Notice {
  readonly message: string;
  readonly hint: string;
}

export function App({ state, channel, memory }: Props): JSX.Element {
  const [notice, setNotice] = useState<Notice | null>(null);
  const [menu, setMenu] = useState<OpenMenu | null>(null);
  const [beside, setBeside] = useKept(memory, "beside");
  const closeMenu = useCallback(() => {
    setMenu(null);
  }, []);
  const send = useSend(channel, setNotice);
  const canStart = state.models.some((model) => takesStartImage(model.parametersSchema));
  const { over, ...drop } = useDrop(canStart, send, setNotice);
  return (
    <div class="app" {...drop}>
      <main>
        <h1 class="for-screen-readers">Output Preview</h1>
        <Health state={state} send={send} />
        <Content
          state={state}
          held={menu !== null}
          beside={beside}
          memory={memory}
          send={send}
          onMenu={(output, at, frame) => {
            setMenu({ output, at, frame });
          }}
          onCompare={setBeside}
        />
        {menu && (
          <Menu
            label={`Actions for ${menu.output.name}`}
            at={menu.at}
            groups={outputMenu(menu.output, menu.frame, canStart, compareItems(menu.output, state, setBeside), send)}
            onClose={closeMenu}
          />
        )}
      </main>
      {notice && (
        <NoticeBar
          notice={notice}
          onClose={() => {
            setNotice(null);
          }}
        />
      )}
      {state.interactive &&
        (state.storyboard ? (
          <StoryboardPrompt state={state} storyboard={state.storyboard} memory={memory} send={send} />
        ) : (
          <Prompt state={state} memory={memory} send={send} />
        ))}
      <Announcer state={state} />
      {over && <div class="drop-target">Drop a picture to start the next video with it</div>}
    </div>
  );
}

interface ContentProps {
  readonly state: PreviewState;
  /** Whether a menu is open: what it does is meant for the frame under it */
  readonly held: boolean;
  readonly beside: string | null;
  readonly memory: Memory;
  readonly send: Send;
  readonly onMenu: (output: OutputView, at: Point, frame: number | null) => void;
  /** Another output beside the shown one, or none */
  readonly onCompare: (id: string | null) => void;
}

function Content({ state, held, beside, memory, send, onMenu, onCompare }: ContentProps): JSX.Element {
  const reducedMotion = useReducedMotion();
  const shown = state.outputs.find((output) => output.id === state.selected);
  const other = state.outputs.find((output) => output.id === beside && output.id !== state.selected);
  const pair = shown && other && !isPicture(shown) && !isPicture(other) ? pairOf(shown, other) : null;
  return (
    <>
      <Jobs jobs={state.jobs} large={!shown} reducedMotion={reducedMotion} send={send} />
      <div class="shown">
        {shown && pair && (
          <Pair
            key={`${pair[0].id} ${pair[1].id}`}
            outputs={pair}
            left={shown.id}
            models={state.models}
            autoplay={state.autoplay && !reducedMotion}
            loop={state.loop}
            visible={state.visible && !held}
            memory={memory}
            send={send}
            onClose={() => {
              onCompare(null);
            }}
          />
        )}
        {shown && !pair && (
          <Stage
            output={shown}
            autoplay={state.autoplay}
            loop={state.loop}
            visible={state.visible && !held}
            reducedMotion={reducedMotion}
            memory={memory}
            send={send}
            onMenu={(at, frame) => {
              onMenu(shown, at, frame);
            }}
          />
        )}
        {state.outputs.length > 0 && (
          <Strip
            outputs={state.outputs}
            selected={state.selected}
            reducedMotion={reducedMotion}
            send={send}
            onMenu={(output, at) => {
              onMenu(output, at, null);
            }}
          />
        )}
        {shown && !pair && <Details output={shown} models={state.models} memory={memory} send={send} />}
      </div>
      {state.outputs.length === 0 && state.jobs.length === 0 && state.worker.kind !== "notSetUp" && (
        <Empty interactive={state.interactive} send={send} />
      )}
    </>
  );
}

/** What of the strip can stand beside the shown video: this one, or, of the shown one itself, the one made before it. */
function compareItems(
  output: OutputView,
  { outputs, selected }: PreviewState,
  compare: (id: string | null) => void,
): readonly MenuItem[] {
  const videos = outputs.filter((each) => !isPicture(each));
  const before = videos[videos.findIndex((each) => each.id === selected) + 1];
  const [label, other] = output.id === selected ? ["Compare with Previous", before] : ["Compare with Shown", output];
  const shown = videos.some((each) => each.id === selected);
  if (!shown || other === undefined || isPicture(other)) {
    return [];
  }
  return [
    {
      label,
      run: () => {
        compare(other.id);
      },
    },
  ];
}

function Empty({ interactive, send }: { readonly interactive: boolean; readonly send: Send }): JSX.Element {
  return (
    <div class="empty">
      <p>No videos yet. Describe one in a sentence; it takes a few seconds and then plays here.</p>
      {!interactive && (
        <button
          type="button"
          class="button"
          onClick={() => void send({ type: "command", command: "ttVideo.startInteractiveGeneration" })}
        >
          Start Interactive Generation
        </button>
      )}
    </div>
  );
}

function NoticeBar({ notice, onClose }: { readonly notice: Notice; readonly onClose: () => void }): JSX.Element {
  return (
    <div class="message error notice" role="alert">
      <Icon name="error" />
      <div>
        <p>{notice.message}</p>
        {notice.hint && <p class="hint">{notice.hint}</p>}
      </div>
      <IconButton icon="close" label="Dismiss" onClick={onClose} />
    </div>
  );
}

function Announcer({ state }: { readonly state: PreviewState }): JSX.Element {
  const before = useRef(state);
  const [text, setText] = useState("");
  useEffect(() => {
    const next = announcement(before.current, state);
    before.current = state;
    if (next) {
      setText(next);
    }
  }, [state]);
  return (
    <div class="for-screen-readers" role="status" aria-live="polite">
      {text}
    </div>
  );
}

/** Sends, and shows what the extension answers when it refuses. */
function useSend(channel: Props["channel"], setNotice: (notice: Notice | null) => void): Send {
  return useCallback(
    async (message) => {
      try {
        await channel.send(message);
        return true;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        setNotice({ message, hint: error instanceof Refusal ? error.hint : "" });
        return false;
      }
    },
    [channel],
  );
}

interface Drop {
  readonly over: boolean;
  readonly onDragOver?: (event: DragEvent) => void;
  readonly onDragLeave?: (event: DragEvent) => void;
  readonly onDrop?: (event: DragEvent) => void;
}

/** A file dropped anywhere on the view becomes the start image. */
function useDrop(enabled: boolean, send: Send, setNotice: (notice: Notice) => void): Drop {
  const [over, setOver] = useState(false);
  if (!enabled) {
    return { over: false };
  }
  const take = async (file: File): Promise<void> => {
    const read = await readDropped(file);
    if (typeof read === "string") {
      setNotice({ message: read, hint: "Drop a picture of at most 20 MB." });
    } else {
      await send({ type: "dropStartImage", ...read });
    }
  };
  return {
    over,
    onDragOver: (event) => {
      if (event.dataTransfer?.types.includes("Files")) {
        event.preventDefault();
        setOver(true);
      }
    },
    onDragLeave: (event) => {
      if (event.relatedTarget === null) {
        setOver(false);
      }
    },
    onDrop: (event) => {
      event.preventDefault();
      setOver(false);
      const file = event.dataTransfer?.files[0];
      if (file) {
        void take(file);
      }
    },
  };
}
