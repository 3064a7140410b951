// The prompt box on a storyboard: the prompt of the next frame stands ready, and Enter makes that frame.
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { PreviewState, StoryboardView } from "../../shared/protocol";
import { type Walk, typed } from "./history";
import { Icon, IconButton } from "./iconButton";
import type { Memory } from "./kept";
import type { Send } from "./outputMenu";
import { PromptBox } from "./promptBox";

interface Props {
  readonly state: PreviewState;
  readonly storyboard: StoryboardView;
  readonly memory: Memory;
  readonly send: Send;
}

export function StoryboardPrompt({ state, storyboard, memory, send }: Props): JSX.Element {
  const box = useRef<HTMLTextAreaElement>(null);
  const [sending, setSending] = useState(false);
  const draft = useFrameDraft(memory, storyboard);
  const { next } = storyboard;
  const canMake = next !== null && next.making === null && storyboard.problem === null && !sending;
  const words = state.models.find((model) => model.id === storyboard.model)?.vocabulary ?? null;
  const vocabulary = useMemo(() => (words ? new Set(words) : null), [words]);

  useEffect(() => {
    if (state.focusPrompt > 0) {
      box.current?.focus();
    }
  }, [state.focusPrompt]);

  const make = async (): Promise<void> => {
    if (!canMake || draft.value.text.trim() === "") {
      return;
    }
    setSending(true);
    if (await send({ type: "storyboardFrame", frame: next.number, prompt: draft.value.text })) {
      draft.clear();
    }
    setSending(false);
  };
  const submit = (): void => {
    void make();
  };

  return (
    <form
      class="prompt"
      aria-label="Storyboard"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Head storyboard={storyboard} />
      <div class="prompt-frame">
        <PromptBox
          box={box}
          value={draft.value}
          history={[]}
          vocabulary={vocabulary}
          placeholder=""
          readOnly={!canMake}
          onChange={draft.change}
          onSubmit={submit}
        />
        <div class="prompt-toolbar">
          <span class="changes">{next?.making ?? ""}</span>
          <IconButton icon="close" label="Leave Storyboard" onClick={() => void send({ type: "leaveStoryboard" })} />
          <IconButton icon="send" label="Generate This Frame (Enter)" disabled={!canMake} onClick={submit} />
        </div>
      </div>
    </form>
  );
}

function Head({ storyboard }: Pick<Props, "storyboard">): JSX.Element {
  return (
    <>
      <p class="storyboard-title" title={storyboard.file}>
        <Icon name="list-ordered" />
        <span class="title">{storyboard.title}</span>
        <span class="detail">{placeOf(storyboard)}</span>
      </p>
      {storyboard.problem !== null && <p class="hint">{storyboard.problem}</p>}
    </>
  );
}

/** Frames have the numbers of their files, from 0. */
function placeOf({ next, made, frames, model, problem }: StoryboardView): string {
  if (model === "") {
    return problem === null ? "reading it…" : "";
  }
  if (frames === 0) {
    return "no prompts yet";
  }
  return next === null ? `all ${frames} frames made` : `Frame ${next.number}, ${made} of ${frames} made`;
}

interface FrameDraft {
  readonly value: Walk;
  readonly change: (value: Walk) => void;
  readonly clear: () => void;
}

/** What the file says, until somebody types something else. */
function useFrameDraft(memory: Memory, { file, next }: StoryboardView): FrameDraft {
  const frame = next === null ? "" : `${next.number} ${file}`;
  const [edited, setEdited] = useState(memory.kept.frameDraft);
  const keep = (draft: typeof edited): void => {
    memory.keep({ frameDraft: draft });
    setEdited(draft);
  };
  const prompt = next?.prompt ?? "";
  return {
    value: typed(edited?.frame === frame ? edited.text : prompt),
    change: ({ text }) => {
      keep(text === prompt ? null : { frame, text });
    },
    clear: () => {
      keep(null);
    },
  };
}
