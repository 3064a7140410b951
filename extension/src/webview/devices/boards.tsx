// The Tenstorrent boards: what they are, how each chip is, who uses it, and what is wrong.
import type { JSX } from "preact";
import { boardName, chipReadings, silence, systemFacts, users } from "../../shared/devices";
import type { Board, BoardProblem, BoardVersions, Chip, DeviceStatus } from "../../worker/contract";
import { Icon, IconButton } from "../preview/iconButton";
import type { Send } from "./page";
import { Sentence } from "./sentence";

interface Props {
  readonly status: DeviceStatus;
  /** Whether the boards are being reset */
  readonly resetting: boolean;
  readonly send: Send;
}

const ICONS = { error: "error", warning: "warning", information: "info" } as const;

export function Boards({ status, resetting, send }: Props): JSX.Element {
  const name = boardName(status);
  return (
    <section class="card" aria-labelledby="boards">
      <div class="card-head">
        <Icon name="chip" />
        <h2 id="boards">{name === null ? "Tenstorrent" : `Tenstorrent ${name}`}</h2>
        {status.simulated && <span class="badge simulated">simulated</span>}
        <span class="spacer" />
        <Use status={status} />
      </div>
      {name !== null && <p class="facts">{systemFacts(status).join(" · ")}</p>}
      {status.boards.map((board, index) => (
        <BoardCard key={index} board={board} simulated={status.simulated} />
      ))}
      {status.problems.length > 0 && <Problems problems={status.problems} />}
      {name === null ? <NextSteps send={send} /> : <Facts status={status} send={send} />}
      {name !== null && !status.simulated && (
        <div class="actions">
          <button
            type="button"
            class="button secondary"
            disabled={resetting}
            onClick={() => void send({ type: "command", command: "ttVideo.resetBoards" })}
          >
            Reset Boards…
          </button>
        </div>
      )}
    </section>
  );
}

function Use({ status }: { readonly status: DeviceStatus }): JSX.Element | null {
  if (status.boards.length === 0) {
    return <span class="badge">not found</span>;
  }
  const silent = silence(status);
  if (silent !== null) {
    return <span class="badge broken">{silent}</span>;
  }
  const [user, ...others] = users(status);
  if (user === undefined) {
    return status.simulated ? null : <span class="badge idle">not in use</span>;
  }
  return (
    <span class="badge used">
      in use by {user}
      {others.length > 0 && ` and ${others.length} more`}
    </span>
  );
}

function BoardCard({ board, simulated }: { readonly board: Board; readonly simulated: boolean }): JSX.Element {
  return (
    <div class="board">
      <h3>
        {board.type} {board.serial !== null && <span class="detail">serial number {board.serial}</span>}
      </h3>
      <ul class="chips">
        {board.chips.map((chip, index) => (
          <ChipTile key={index} chip={chip} simulated={simulated} />
        ))}
      </ul>
    </div>
  );
}

function ChipTile({ chip, simulated }: { readonly chip: Chip; readonly simulated: boolean }): JSX.Element {
  const [first, ...readings] = chipReadings(chip);
  const state = simulated ? "simulated" : !chip.answers ? "broken" : chip.holders.length > 0 ? "used" : "idle";
  return (
    <li class={`chip ${state}`}>
      <p class="chip-name">{chip.node === null ? "second chip" : chip.name}</p>
      <p class="chip-readings">
        {first === undefined ? <span>{withoutReadings(chip, simulated)}</span> : <strong>{first}</strong>}
        {readings.map((reading) => (
          <span key={reading}>{reading}</span>
        ))}
      </p>
      {chip.holders.map(({ title }) => (
        <p key={title} class="chip-holder">
          in use by {title}
        </p>
      ))}
      {(chip.firmware !== null || chip.bus !== null) && (
        <p class="detail">
          {[chip.firmware === null ? null : `firmware ${chip.firmware}`, chip.bus].filter(Boolean).join(" · ")}
        </p>
      )}
    </li>
  );
}

function withoutReadings(chip: Chip, simulated: boolean): string {
  if (simulated) {
    return "simulated, no readings";
  }
  if (!chip.answers) {
    return "does not answer";
  }
  return chip.node === null ? "read by tt-smi only" : "no readings";
}

function Problems({ problems }: { readonly problems: readonly BoardProblem[] }): JSX.Element {
  return (
    <ul class="problems">
      {problems.map(({ severity, message, hint }) => (
        <li key={message} class={severity}>
          <Icon name={ICONS[severity]} />
          <div>
            <p>
              <Sentence text={message} />
            </p>
            <p class="hint">
              <Sentence text={hint} />
            </p>
          </div>
        </li>
      ))}
    </ul>
  );
}

function NextSteps({ send }: { readonly send: Send }): JSX.Element {
  return (
    <div class="actions">
      <button
        type="button"
        class="button"
        onClick={() => void send({ type: "command", command: "ttVideo.generateVideo" })}
      >
        Generate a Video Without a Board
      </button>
      <a class="button secondary" href="https://docs.tenstorrent.com/getting-started">
        Set Up a Tenstorrent Board
      </a>
    </div>
  );
}

function Facts({ status, send }: Pick<Props, "status" | "send">): JSX.Element {
  const environment = status.system?.environment ?? [];
  return (
    <dl class="facts-list">
      {environment.length > 0 && (
        <div>
          <dt>For tt-metal’s demos</dt>
          <dd>
            <code>{environment.join(" ")}</code>
            <IconButton
              icon="copy"
              label="Copy as export lines"
              onClick={() => void send({ type: "copyEnvironment" })}
            />
          </dd>
        </div>
      )}
      {versionsOf(status.versions).map(([name, version]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{version ?? "not found"}</dd>
        </div>
      ))}
    </dl>
  );
}

function versionsOf({ kmd, ttnn, metal, smi }: BoardVersions): readonly (readonly [string, string | null])[] {
  const always = [
    ["Driver (tt-kmd)", kmd],
    ["ttnn in the worker’s Python", ttnn],
    ["tt-metal", metal],
  ] as const;
  return smi === null ? always : [...always, ["tt-smi", smi]];
}
