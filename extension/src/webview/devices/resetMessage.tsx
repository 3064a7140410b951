import type { JSX } from "preact";
import { RESET_WORDS } from "../../shared/devices";
import type { Reset } from "../../worker/contract";
import { Icon } from "../preview/iconButton";
import { Sentence } from "./sentence";

/** How a reset goes, or how it ended. */
export function ResetMessage({ reset }: { readonly reset: Reset }): JSX.Element {
  const { state, message, hint, by } = reset;
  const icon = state === "running" ? "loading" : state === "reset_complete" ? "pass" : "warning";
  return (
    <div class={`message reset ${state}`} role="status">
      <Icon name={icon} spin={state === "running"} />
      <div>
        <p>
          <strong>{RESET_WORDS[state]}</strong> <Sentence text={message} />
        </p>
        <p class="hint">
          {state === "running" ? `By ${by}. The queue is paused meanwhile.` : <Sentence text={hint} />}
        </p>
      </div>
    </div>
  );
}
