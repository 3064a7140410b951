import { describe, expect, it } from "vitest";
import { statusLine, type StatusSources } from "../../extension/src/statusLine";
import { golden } from "./jobs/golden";

const READY: StatusSources = {
  health: { kind: "ready" },
  jobs: [],
  queue: { paused: false, reason: null },
  device: "CPU",
};

describe("the status bar", () => {
  it("names the device when nothing goes on", () => {
    const line = statusLine({ ...READY, jobs: [golden("done")] });
    expect(line.text).toBe("$(device-camera-video) TT Video: CPU");
    expect(line.lines).toContain("The last video: “a red ball bouncing on green grass”.");
    expect(statusLine({ ...READY, device: null }).text).toContain("No Device");
  });

  it("turns while a job runs, with phase and percent, and shows it on a click", () => {
    const line = statusLine({ ...READY, jobs: [golden("queued", { id: "next" }), golden("running")] });
    expect([line.text, line.command]).toEqual(["$(loading~spin) Denoising 42%", "ttVideo.preview.focus"]);
    expect(line.lines).toEqual([
      "“a red ball bouncing on green grass” on cpu: denoising 5 of 12. 4 s left.",
      "1 job waiting.",
    ]);
  });

  it("says that the queue is paused, and why", () => {
    const line = statusLine({ ...READY, queue: { paused: true, reason: "The worker ended." } });
    expect([line.text, line.lines[0]]).toEqual(["$(debug-pause) TT Video: Paused", "The worker ended."]);
  });

  it("is an error only when the worker ended", () => {
    const words = { message: "The worker was killed.", hint: "The log has the details." };
    const kinds = [
      { kind: "stopped" },
      { kind: "starting" },
      { kind: "ready" },
      { kind: "notSetUp", ...words },
      { kind: "crashed", ...words },
    ] as const;
    expect(kinds.filter((health) => statusLine({ ...READY, health }).blocked).map((each) => each.kind)).toEqual([
      "crashed",
    ]);
  });

  it("sets up on a click what is not set up", () => {
    const health = { kind: "notSetUp", message: "There is no worker yet.", hint: "Set it up." } as const;
    const line = statusLine({ ...READY, health });
    expect([line.command, line.lines]).toEqual(["ttVideo.setUpWorker", [health.message, health.hint]]);
  });
});
