// What made the shown output: its prompt, and its parameters when asked for.
import type { JSX } from "preact";
import type { JsonValue, ModelInfo } from "../../worker/contract";
import type { OutputView } from "../../shared/protocol";
import { Disclosure } from "./disclosure";
import { Icon } from "./iconButton";
import { type Memory, useKept } from "./kept";
import { duration, labelOf, valueText } from "../../shared/labels";
import { AGAIN_WORDS, type Send } from "./outputMenu";

interface Props {
  readonly output: OutputView;
  readonly models: readonly ModelInfo[];
  readonly memory: Memory;
  readonly send: Send;
}

export function Details({ output, models, memory, send }: Props): JSX.Element {
  const [open, setOpen] = useKept(memory, "detailsOpen");
  const { job } = output;
  const act = (action: "makeAgain" | "newSeed") => () => void send({ type: "output", action, id: output.id });
  return (
    <section class="details" aria-label="About this output">
      <p class="caption">{captionOf(output)}</p>
      {job && job.again.length > 0 && (
        <div class="actions">
          {job.again.map((action) => (
            <button key={action} type="button" class="button secondary" onClick={act(action)}>
              {AGAIN_WORDS[action]}
            </button>
          ))}
        </div>
      )}
      {job?.notes.map((note) => (
        <p key={note} class="note">
          <Icon name="info" /> {note}
        </p>
      ))}
      <Disclosure label="Details" open={open} onToggle={setOpen}>
        <dl>
          {rowsOf(output, models).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </Disclosure>
    </section>
  );
}

function captionOf({ job, name }: OutputView): string {
  return job === null || job.title === "" ? name : job.title;
}

/** Told by the output itself, so not once more among the parameters. */
const TOLD = new Set(["width", "height", "frames", "fps"]);

export function rowsOf(output: OutputView, models: readonly ModelInfo[]): readonly (readonly [string, string])[] {
  const { job } = output;
  const rows: (readonly [string, string | null])[] = [
    ["File", output.name],
    ["Model", models.find((model) => model.id === job?.model)?.title ?? job?.model ?? null],
    ["Negative prompt", job === null || job.negativePrompt === "" ? null : job.negativePrompt],
    ...(job ? parameterRows(job.parameters) : []),
    ["Size", output.width > 0 ? `${output.width} × ${output.height}` : null],
    ["Frames", output.frames > 1 ? String(output.frames) : null],
    ["Frame rate", output.fps === null ? null : `${output.fps} fps`],
    ["Device", job?.device ?? null],
    ["Time", typeof job?.seconds === "number" ? duration(job.seconds) : null],
    ["Written", new Date(output.at).toLocaleString()],
  ];
  return rows.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
}

function parameterRows(parameters: Readonly<Record<string, JsonValue>>): readonly (readonly [string, string])[] {
  return Object.entries(parameters)
    .filter(([key, value]) => !TOLD.has(key) && value !== null && value !== "")
    .sort(([a], [b]) => Number(b === "seed") - Number(a === "seed"))
    .map(([key, value]) => [labelOf(key), valueText(value)] as const);
}
