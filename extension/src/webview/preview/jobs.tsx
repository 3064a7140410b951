// What runs, what waits, and what stopped before its end.
import type { JSX } from "preact";
import type { JobAction, JobView } from "../../shared/protocol";
import { Icon, IconButton } from "./iconButton";
import { timeLeft } from "../../shared/labels";
import type { Send } from "./outputMenu";
import { LivePicture } from "./picture";

interface Props {
  readonly jobs: readonly JobView[];
  /** Whether there is nothing else to look at */
  readonly large: boolean;
  readonly reducedMotion: boolean;
  readonly send: Send;
}

export function Jobs({ jobs, large, reducedMotion, send }: Props): JSX.Element | null {
  const act = (action: JobAction, id: string) => () => void send({ type: "job", action, id });
  const running = jobs.filter((job) => job.state === "running" || job.state === "cancelling");
  const queued = jobs.filter((job) => job.state === "queued");
  const stopped = jobs.filter((job) => ["failed", "interrupted", "cancelled"].includes(job.state));
  if (running.length + queued.length + stopped.length === 0) {
    return null;
  }
  return (
    <section class="jobs" aria-label="Jobs">
      {running.map((job) => (
        <Running key={job.id} job={job} large={large} reducedMotion={reducedMotion} onCancel={act("cancel", job.id)} />
      ))}
      {queued.length > 0 && (
        <ul class="queue" aria-label="Waiting">
          {queued.map((job) => (
            <li key={job.id} title={job.detail ? `${job.title}: ${job.detail}` : job.title}>
              <Icon name="watch" />
              <span class="title">{job.title}</span>
              <span class="detail">{job.detail || "waiting"}</span>
              <IconButton icon="close" label={`Cancel: ${job.title}`} onClick={act("cancel", job.id)} />
            </li>
          ))}
        </ul>
      )}
      {stopped.map((job) => (
        <Stopped key={job.id} job={job} act={act} />
      ))}
    </section>
  );
}

interface RunningProps {
  readonly job: JobView;
  readonly large: boolean;
  readonly reducedMotion: boolean;
  readonly onCancel: () => void;
}

function Running({ job, large, reducedMotion, onCancel }: RunningProps): JSX.Element {
  const cancelling = job.state === "cancelling";
  const detail = cancelling
    ? "Cancelling…"
    : [sentence(job.detail), timeLeft(job.etaSeconds)].filter(Boolean).join(" · ");
  return (
    <div class={`running${large ? " large" : ""}`}>
      {job.previewUrl !== null && (
        <div class="live">
          <LivePicture url={job.previewUrl} alt={`Preview of ${job.title}`} still={reducedMotion} />
        </div>
      )}
      <div class="running-text">
        <span class="title" title={job.title}>
          {job.title}
        </span>
        <span class="detail">{detail || "Starting…"}</span>
      </div>
      <IconButton icon="stop-circle" label={`Cancel: ${job.title}`} disabled={cancelling} onClick={onCancel} />
      <progress
        max={1}
        value={job.progress ?? undefined}
        class={job.progress === null ? "unknown" : ""}
        aria-label={`Progress of ${job.title}`}
      />
      {job.hint !== null && (
        <p class="note" role="status">
          <Icon name="warning" /> {job.hint}
        </p>
      )}
      {job.notes.map((note) => (
        <p key={note} class="note">
          <Icon name="info" /> {note}
        </p>
      ))}
    </div>
  );
}

interface StoppedProps {
  readonly job: JobView;
  readonly act: (action: JobAction, id: string) => () => void;
}

function Stopped({ job, act }: StoppedProps): JSX.Element {
  const failed = job.state === "failed";
  return (
    <div class={`message ${failed ? "error" : "warning"}`}>
      <Icon name={failed ? "error" : job.state === "cancelled" ? "circle-slash" : "warning"} />
      <div>
        <p class="title">{job.title}</p>
        <p>{sentence(job.detail)}</p>
        {job.hint !== null && <p class="hint">{job.hint}</p>}
        <div class="actions">
          <button type="button" class="button" onClick={act(job.resumable ? "resume" : "makeAgain", job.id)}>
            {job.resumable ? "Resume" : "Make Again"}
          </button>
          <button type="button" class="button secondary" onClick={act("remove", job.id)}>
            Remove
          </button>
        </div>
      </div>
    </div>
  );
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
