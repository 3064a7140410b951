// Whether a model fits a board, before anybody waits for it: what is asked, and what came of it.
import type { JSX, RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { DeviceMessage, DevicePageState } from "../../shared/protocol";
import { fieldsOf, parse, textOf, type Field } from "../../shared/schema";
import type { DeviceStatus, ModelInfo } from "../../worker/contract";
import { Choice } from "../choice";
import type { Ask } from "./page";
import { Verdict } from "./verdict";

/** What memory and time depend on. */
const ASKED = ["width", "height", "frames", "steps"];
const FIRST_BOARD = "n150";

interface Props {
  readonly state: Pick<DevicePageState, "models" | "preflight" | "focusPreflight">;
  readonly status: DeviceStatus;
  readonly ask: Ask;
}

export function Preflight({ state, status, ask }: Props): JSX.Element {
  const [problem, setProblem] = useState<string | null>(null);
  const first = useRef<HTMLSelectElement>(null);
  const last = useRef<HTMLDivElement>(null);
  const asked = useRef(false);
  useEffect(() => {
    if (state.focusPreflight > 0) {
      first.current?.focus();
      first.current?.scrollIntoView({ block: "center" });
    }
  }, [state.focusPreflight]);
  useEffect(() => {
    // What came of it is below the form; when the page is only opened, it stays at its top.
    if (asked.current) {
      last.current?.scrollIntoView({ block: "nearest" });
    }
  }, [state.preflight?.state]);
  return (
    <section class="card" aria-labelledby="preflight">
      <div class="card-head">
        <h2 id="preflight">What fits a board</h2>
      </div>
      <p class="facts">
        A model’s own program for Tenstorrent runs on a mock board with the ttnn that is installed: no board is needed,
        and nothing is computed.
      </p>
      <Form
        models={state.models}
        status={status}
        first={first}
        onAsk={(message) => {
          asked.current = true;
          void ask(message).then(setProblem);
        }}
      />
      {problem !== null && (
        <p class="verdict-text" role="alert">
          {problem}
        </p>
      )}
      {problem === null && state.preflight !== null && <Verdict preflight={state.preflight} />}
      <div ref={last} />
    </section>
  );
}

interface FormProps extends Pick<Props, "status"> {
  readonly models: readonly ModelInfo[];
  readonly first: RefObject<HTMLSelectElement>;
  readonly onAsk: (message: DeviceMessage) => void;
}

function Form({ models, status, first, onAsk }: FormProps): JSX.Element {
  const here = status.system?.id ?? null;
  const [chosen, setChosen] = useState<string | null>(null);
  const [board, setBoard] = useState(here ?? FIRST_BOARD);
  const [entries, setEntries] = useState<Readonly<Record<string, string>>>({});
  const model = models.find(({ id }) => id === chosen) ?? models[0];
  const fields = model === undefined ? [] : askedFields(model);
  const { parameters, errors } = parse(fields, entries);
  const wrong = Object.values(errors);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (model !== undefined && wrong.length === 0) {
      const numbers = Object.entries(parameters).filter(
        (each): each is [string, number] => typeof each[1] === "number",
      );
      onAsk({ type: "preflight", model: model.id, board, parameters: Object.fromEntries(numbers) });
    }
  };
  const titles = models.map(({ id, title }) => [id, title] as const);
  const mark = status.simulated ? "simulated" : "here";
  const boards = status.knownSystems.map(({ id, title }) => [id, id === here ? `${title} (${mark})` : title] as const);
  return (
    <form class="preflight-form" onSubmit={submit}>
      <Choice label="Model" value={model?.id ?? ""} options={titles} element={first} onChange={setChosen} />
      <Choice label="Board" value={board} options={boards} onChange={setBoard} />
      {fields.map((field) => (
        <div key={field.key} class="field">
          <label for={`preflight-${field.key}`}>{field.label}</label>
          <input
            id={`preflight-${field.key}`}
            type="text"
            inputMode="numeric"
            value={entries[field.key] ?? ""}
            placeholder={textOf(field.initial)}
            aria-invalid={field.key in errors}
            title={errors[field.key] ?? field.description}
            onInput={(event) => {
              setEntries({ ...entries, [field.key]: event.currentTarget.value.trim() });
            }}
          />
        </div>
      ))}
      <button type="submit" class="button" disabled={model === undefined || wrong.length > 0}>
        Check
      </button>
      {wrong.length > 0 && <p class="field-error">{wrong.join(" ")}</p>}
    </form>
  );
}

function askedFields(model: ModelInfo): readonly Field[] {
  return fieldsOf(model.parametersSchema).filter(({ key }) => ASKED.includes(key));
}
