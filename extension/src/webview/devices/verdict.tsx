// How a preflight goes, or what came of it.
import type { JSX } from "preact";
import type { Preflight, PreflightNeeds } from "../../worker/contract";
import { Icon } from "../preview/iconButton";
import { Sentence } from "./sentence";

const STATES: Readonly<Record<Preflight["state"], { readonly icon: string; readonly word: string }>> = {
  running: { icon: "loading", word: "trying" },
  fits: { icon: "pass", word: "fits" },
  too_large: { icon: "error", word: "does not fit" },
  refused: { icon: "error", word: "refused by ttnn" },
  failed: { icon: "warning", word: "not known" },
};

export function Verdict({ preflight }: { readonly preflight: Preflight }): JSX.Element {
  const { state, message, hint, needs, ttnn, boardTitle } = preflight;
  const { icon, word } = STATES[state];
  return (
    <div class={`verdict ${state}`} role="status">
      <div class="card-head">
        <Icon name={icon} spin={state === "running"} />
        <h3>{subjectOf(preflight)}</h3>
        <span class="badge">{word}</span>
      </div>
      <p class="verdict-text">
        <Sentence text={message} />
      </p>
      {needs !== null && <Needs needs={needs} />}
      {hint !== "" && (
        <p class="hint">
          <Sentence text={hint} />
        </p>
      )}
      {ttnn !== null && (
        <p class="hint">
          Validated on a mock {boardTitle} with ttnn {ttnn}.
        </p>
      )}
    </div>
  );
}

/** Such as "AnimateDiff, 512×512, 16 frames, on N300". */
function subjectOf({ title, parameters, boardTitle }: Preflight): string {
  const { width, height, frames } = parameters;
  const size = typeof width === "number" && typeof height === "number" ? [`${width}×${height}`] : [];
  const length = typeof frames === "number" ? [`${frames} frames`] : [];
  return [title, ...size, ...length, `on ${boardTitle}`].join(", ");
}

function Needs({ needs }: { readonly needs: PreflightNeeds }): JSX.Element {
  const facts = [
    ["DRAM before the first step", binarySize(needs.dramLoaded)],
    ["Programs", `${needs.programs}, compiled the first time`],
    ["A step", `${needs.operations} operations on the board, ${needs.transfers} transfers from or to the host`],
    ["At least", `${shortSeconds(needs.stepSeconds)} for a step, ${shortSeconds(needs.clipSeconds)} for all steps`],
  ] as const;
  return (
    <>
      <Memory name="DRAM of a chip" used={needs.dramPeak} total={needs.dramTotal} />
      <Memory name="L1 of a core" used={needs.l1Peak} total={needs.l1Total} />
      <dl class="facts-list">
        {facts.map(([name, fact]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{fact}</dd>
          </div>
        ))}
      </dl>
      <p class="hint">
        Times are lower bounds, what the chip could do at most; real ones are longer, often several times. From{" "}
        {needs.sources}.
      </p>
    </>
  );
}

interface MemoryProps {
  readonly name: string;
  readonly used: number;
  readonly total: number;
}

function Memory({ name, used, total }: MemoryProps): JSX.Element {
  return (
    <label class="memory">
      <span>{name}</span>
      <progress max={total} value={used} />
      <span>
        {binarySize(used)} of {binarySize(total)}
      </span>
    </label>
  );
}

/** As the worker writes it: "33.6 MiB". */
function binarySize(bytes: number): string {
  for (const [unit, name] of [
    [2 ** 30, "GiB"],
    [2 ** 20, "MiB"],
    [2 ** 10, "KiB"],
  ] as const) {
    if (bytes >= unit) {
      return `${(bytes / unit).toFixed(1)} ${name}`;
    }
  }
  return `${bytes} B`;
}

/** "1.09 ms", "21.9 ms", "3.2 s" */
function shortSeconds(seconds: number): string {
  const [value, unit] = seconds < 1 ? [1000 * seconds, "ms"] : [seconds, "s"];
  return `${Number(value.toPrecision(3))} ${unit}`;
}
