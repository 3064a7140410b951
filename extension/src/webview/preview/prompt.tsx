// The prompt that stays: write, press Enter, write the next one.
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { PreviewState } from "../../shared/protocol";
import { type Walk, typed } from "./history";
import { IconButton } from "./iconButton";
import { type Memory, useKept } from "./kept";
import type { Send } from "./outputMenu";
import { Parameters } from "./parameters";
import { PromptBox } from "./promptBox";
import { StartImage } from "./startImage";
import { type Form, useForm } from "./useForm";

interface Props {
  readonly state: PreviewState;
  readonly memory: Memory;
  readonly send: Send;
}

export function Prompt({ state, memory, send }: Props): JSX.Element {
  const form = useForm(memory, state);
  const [parametersOpen, setParametersOpen] = useKept(memory, "parametersOpen");
  const box = useRef<HTMLTextAreaElement>(null);
  const draft = useDraft(memory, state.history);
  const words = form.model?.vocabulary ?? null;
  const vocabulary = useMemo(() => (words ? new Set(words) : null), [words]);

  useEffect(() => {
    if (state.focusPrompt > 0) {
      box.current?.focus();
    }
  }, [state.focusPrompt]);

  const submit = async (): Promise<void> => {
    const prompt = draft.value.text.trim();
    if (Object.keys(form.errors).length > 0) {
      setParametersOpen(true);
      requestAnimationFrame(() => {
        box.current?.form?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
      });
      return;
    }
    if (prompt === "") {
      return;
    }
    draft.clear();
    box.current?.focus();
    if (!(await send({ type: "submit", prompt, values: form.values }))) {
      draft.giveBack(prompt);
    }
  };

  return (
    <form
      class="prompt"
      aria-label="Prompt"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      {parametersOpen && <Parameters state={state} form={form} memory={memory} send={send} />}
      {state.startImage && <StartImage image={state.startImage} usable={form.takesStartImage} send={send} />}
      <div class="prompt-frame">
        <PromptBox
          box={box}
          value={draft.value}
          history={draft.history}
          vocabulary={vocabulary}
          placeholder="Describe what should be seen"
          onChange={draft.change}
          onSubmit={() => void submit()}
        />
        <Toolbar form={form} parametersOpen={parametersOpen} onParameters={setParametersOpen} send={send} />
      </div>
    </form>
  );
}

interface ToolbarProps {
  readonly form: Form;
  readonly parametersOpen: boolean;
  readonly onParameters: (open: boolean) => void;
  readonly send: Send;
}

function Toolbar({ form, parametersOpen, onParameters, send }: ToolbarProps): JSX.Element {
  const changes = form.changes.join(", ");
  return (
    <div class="prompt-toolbar">
      <IconButton
        icon="settings"
        label="Parameters"
        expanded={parametersOpen}
        onClick={() => {
          onParameters(!parametersOpen);
        }}
      />
      {form.takesStartImage && (
        <IconButton
          icon="file-media"
          label="Start with a Picture..."
          onClick={() => void send({ type: "pickStartImage" })}
        />
      )}
      <IconButton
        icon="list-ordered"
        label="Go Through a Storyboard..."
        onClick={() => void send({ type: "command", command: "ttVideo.interactiveStoryboard" })}
      />
      <span class="changes" title={changes}>
        {parametersOpen ? "" : changes}
      </span>
      <IconButton icon="close" label="Close Prompt" onClick={() => void send({ type: "interactive", open: false })} />
      <button type="submit" class="icon-button" aria-label="Generate (Enter)" title="Generate (Enter)">
        <span class="codicon codicon-send" aria-hidden="true" />
      </button>
    </div>
  );
}

interface Draft {
  readonly value: Walk;
  readonly history: readonly string[];
  readonly change: (value: Walk) => void;
  readonly clear: () => void;
  /** A prompt that was refused: into the box again, or, when that is in use, among what the arrow keys bring */
  readonly giveBack: (prompt: string) => void;
}

function useDraft(memory: Memory, history: readonly string[]): Draft {
  const [value, setValue] = useState(() => typed(memory.kept.draft));
  const [refused, setRefused] = useState<readonly string[]>([]);
  const change = (next: Walk): void => {
    memory.keep({ draft: next.text });
    setValue(next);
  };
  return {
    value,
    history: refused.length > 0 ? [...history, ...refused] : history,
    change,
    clear: () => {
      change(typed(""));
    },
    giveBack: (prompt) => {
      if (memory.kept.draft === "") {
        change(typed(prompt));
      } else {
        setRefused([...refused, prompt]);
      }
    },
  };
}
