import type { JSX } from "preact";
import { useCallback, useState } from "preact/hooks";
import type { DeviceMessage, DevicePageState } from "../../shared/protocol";
import { type Channel, Refusal } from "../channel";
import { Health } from "../preview/health";
import { Icon } from "../preview/iconButton";
import { Boards } from "./boards";
import { Choices } from "./choices";
import { Preflight } from "./preflight";
import { ResetMessage } from "./resetMessage";

export type Send = (message: DeviceMessage) => Promise<void>;
/** Resolves with what was wrong, or with null. */
export type Ask = (message: DeviceMessage) => Promise<string | null>;

interface Props {
  readonly state: DevicePageState;
  readonly channel: Channel<DeviceMessage, DevicePageState>;
}

export function Page({ state, channel }: Props): JSX.Element {
  const [problem, setProblem] = useState<string | null>(null);
  const [looking, setLooking] = useState(false);
  const ask = useCallback<Ask>(
    async (message) => {
      try {
        await channel.send(message);
        return null;
      } catch (error) {
        const hint = error instanceof Refusal ? ` ${error.hint}` : "";
        return `${error instanceof Error ? error.message : String(error)}${hint}`;
      }
    },
    [channel],
  );
  const send: Send = async (message) => {
    setProblem(await ask(message));
  };
  const look = async (): Promise<void> => {
    setLooking(true);
    await send({ type: "look" });
    setLooking(false);
  };
  const { worker, status, reset, chosen } = state;
  return (
    <div class="app">
      <main>
        <div class="page">
          <header>
            <h1>Hardware</h1>
            <button type="button" class="button secondary" disabled={looking} onClick={() => void look()}>
              {looking ? "Looking…" : "Look Again"}
            </button>
          </header>
          <Health state={{ worker, queue: { paused: false, reason: null } }} send={send} />
          {problem !== null && (
            <div class="message error" role="alert">
              <Icon name="error" />
              <p>{problem}</p>
            </div>
          )}
          {reset !== null && <ResetMessage reset={reset} />}
          {status !== null && (
            <>
              <Boards status={status} resetting={reset?.state === "running"} send={send} />
              <Choices devices={status.devices} chosen={chosen} send={send} />
              <Preflight state={state} status={status} ask={ask} />
            </>
          )}
        </div>
      </main>
    </div>
  );
}
