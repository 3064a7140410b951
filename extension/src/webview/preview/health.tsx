// What keeps the worker from working, with the button that helps.
import type { JSX } from "preact";
import type { HealthCommand, PreviewState } from "../../shared/protocol";
import { Icon } from "./iconButton";

interface Props {
  readonly state: Pick<PreviewState, "worker" | "queue">;
  readonly send: (message: { readonly type: "command"; readonly command: HealthCommand }) => unknown;
}

interface Trouble {
  readonly icon: "warning" | "error" | "debug-pause";
  readonly message: string;
  readonly hint: string | null;
  readonly buttons: readonly (readonly [string, HealthCommand])[];
}

export function Health({ state, send }: Props): JSX.Element | null {
  if (state.worker.kind === "starting") {
    return (
      <p class="note" role="status">
        <Icon name="loading" spin /> The worker is starting…
      </p>
    );
  }
  const trouble = troubleOf(state);
  return trouble === null ? null : (
    <div class={`message ${trouble.icon === "error" ? "error" : "warning"}`} role="status">
      <Icon name={trouble.icon} />
      <div>
        <p>{trouble.message}</p>
        {trouble.hint !== null && <p class="hint">{trouble.hint}</p>}
        <div class="actions">
          {trouble.buttons.map(([label, command], index) => (
            <button
              key={command}
              type="button"
              class={`button${index === 0 ? "" : " secondary"}`}
              onClick={() => void send({ type: "command", command })}
            >
              {label}
            </button>
          ))}
        </div>
      </div>
    </div>
  );
}

function troubleOf({ worker, queue }: Props["state"]): Trouble | null {
  switch (worker.kind) {
    case "notSetUp":
      return {
        icon: "warning",
        message: worker.message,
        hint: worker.hint,
        buttons: [
          ["Set Up Worker", "ttVideo.setUpWorker"],
          ["Select Interpreter", "ttVideo.selectInterpreter"],
        ],
      };
    case "crashed":
      return {
        icon: "error",
        message: worker.message,
        hint: worker.hint,
        buttons: [
          ["Restart Worker", "ttVideo.restartWorker"],
          ["Show Log", "ttVideo.showLog"],
        ],
      };
    case "stopped":
    case "starting":
    case "ready":
      return queue.paused
        ? {
            icon: "debug-pause",
            message: "The queue is paused: new jobs wait.",
            hint: queue.reason,
            buttons: [["Resume Queue", "ttVideo.resumeQueue"]],
          }
        : null;
  }
}
