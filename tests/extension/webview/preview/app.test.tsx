// @vitest-environment happy-dom
import { act } from "preact/test-utils";
import { type MockInstance, beforeEach, describe, expect, test, vi } from "vitest";
import { Refusal } from "../../../../extension/src/webview/channel";
import { mount } from "./mount";
import { job, output, state, tiny } from "./states";

const clips = ["1", "2", "3"].map((n) => output({ id: `/out/${n}/clip.mp4`, name: `clip${n}.mp4` }));
const shown = state({ outputs: clips, selected: "/out/1/clip.mp4" });

let play: MockInstance<HTMLMediaElement["play"]>;

beforeEach(() => {
  play = vi.spyOn(HTMLMediaElement.prototype, "play").mockResolvedValue();
});

describe("jobs", () => {
  test("one that runs can be cancelled, and one that waits", () => {
    const view = mount(state({ jobs: [job(), job({ id: "job-2", title: "a star", state: "queued" })] }));
    expect(view.root.textContent).toContain("Denoising 5 of 20 · 3 s left");
    expect(view.get("progress").getAttribute("value")).toBe("0.25");
    view.click("button", "Cancel: a red ball");
    view.click("button", "Cancel: a star");
    expect(view.sent).toEqual([
      { type: "job", action: "cancel", id: "job-1" },
      { type: "job", action: "cancel", id: "job-2" },
    ]);
  });

  test("one that is being cancelled cannot be cancelled again", () => {
    const view = mount(state({ jobs: [job({ state: "cancelling", progress: null })] }));
    expect(view.get("button", "Cancel: a red ball")).toHaveProperty("disabled", true);
    expect(view.get("progress").hasAttribute("value")).toBe(false);
  });

  test("one that stopped says why and what to do, and can be resumed or removed", () => {
    const stopped = job({
      state: "interrupted",
      detail: "the worker ended",
      hint: "Resume keeps 4 frames.",
      resumable: true,
    });
    const view = mount(state({ jobs: [stopped] }));
    expect(view.root.textContent).toContain("The worker endedResume keeps 4 frames.");
    view.click("button", "Resume");
    view.click("button", "Remove");
    expect(view.sent).toEqual([
      { type: "job", action: "resume", id: "job-1" },
      { type: "job", action: "remove", id: "job-1" },
    ]);
  });

  test("one that cannot be resumed can be made again", () => {
    const view = mount(state({ jobs: [job({ state: "failed", detail: "No room.", resumable: false })] }));
    view.click("button", "Make Again");
    expect(view.sent).toEqual([{ type: "job", action: "makeAgain", id: "job-1" }]);
  });

  test("a screen reader hears the start, and no steps", () => {
    const view = mount(state());
    view.show(state({ jobs: [job()] }));
    expect(view.get("[aria-live]").textContent).toBe("Started: a red ball.");
    view.show(state({ jobs: [job({ detail: "denoising 6 of 20" })] }));
    expect(view.get("[aria-live]").textContent).toBe("Started: a red ball.");
  });
});

describe("health", () => {
  const said = { message: "What happened.", hint: "What to do." };
  test.each([
    [{ worker: { kind: "notSetUp", ...said } as const }, "Set Up Worker", "ttVideo.setUpWorker"],
    [{ worker: { kind: "notSetUp", ...said } as const }, "Select Interpreter", "ttVideo.selectInterpreter"],
    [{ worker: { kind: "crashed", ...said } as const }, "Restart Worker", "ttVideo.restartWorker"],
    [{ worker: { kind: "crashed", ...said } as const }, "Show Log", "ttVideo.showLog"],
    [{ queue: { paused: true, reason: "What happened. What to do." } }, "Resume Queue", "ttVideo.resumeQueue"],
    [{}, "Start Interactive Generation", "ttVideo.startInteractiveGeneration"],
  ])("%j has the button %s", (changes, button, command) => {
    const view = mount(state(changes));
    view.click("button", button);
    expect(view.sent).toEqual([{ type: "command", command }]);
    if (Object.keys(changes).length > 0) {
      expect(view.root.textContent).toMatch(/What happened\. ?What to do\./);
    }
  });

  test("a worker that starts is told, and one that is not set up hides the empty state", () => {
    expect(mount(state({ worker: { kind: "starting" } })).root.textContent).toContain("The worker is starting");
    expect(mount(state({ worker: { kind: "notSetUp", ...said } })).root.textContent).not.toContain("No videos yet");
  });
});

describe("the shown output", () => {
  test("is made again, also with a new seed, by its buttons", () => {
    const view = mount(shown);
    view.click(".details button", "Make Again");
    view.click(".details button", "New Seed");
    expect(view.sent).toEqual([
      { type: "output", action: "makeAgain", id: "/out/1/clip.mp4" },
      { type: "output", action: "newSeed", id: "/out/1/clip.mp4" },
    ]);
  });

  test("tells its parameters when asked, and remembers that it was", () => {
    const view = mount(shown);
    expect(view.root.querySelector("dl")).toBeNull();
    view.click("button", "Details");
    const rows = [...view.root.querySelectorAll("dl > div")].map((row) =>
      [...row.children].map((cell) => cell.textContent),
    );
    expect(rows.slice(0, 8)).toEqual([
      ["File", "clip1.mp4"],
      ["Model", "Bundled model"],
      ["Seed", "7"],
      ["Steps", "20"],
      ["Size", "128 × 128"],
      ["Frames", "16"],
      ["Frame rate", "8 fps"],
      ["Device", "cpu"],
    ]);
    expect(mount(shown, view.kept()).root.querySelector("dl")).not.toBeNull();
  });

  test.each([
    [{}, "openExternal"],
    [{ kind: "image", name: "a.png", frames: 1 } as const, "open"],
    [{ kind: "video", name: "clip.gif" } as const, "open"],
  ])("opens by double click and by Enter: %j", (changes, action) => {
    const view = mount(state({ outputs: [output(changes)], selected: "/out/1/clip.mp4" }));
    const surface = view.get(".surface");
    surface.dispatchEvent(new MouseEvent("dblclick", { bubbles: true }));
    view.press(surface, "Enter");
    const message = { type: "output", action, id: "/out/1/clip.mp4" };
    expect(view.sent).toEqual([message, message]);
  });

  test("steps by frames with the arrow keys, and keeps its place", () => {
    const view = mount(shown);
    const video = view.get("video") as HTMLVideoElement;
    const surface = view.get(".surface");
    for (const key of ["ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"]) {
      expect(view.press(surface, key).defaultPrevented).toBe(true);
    }
    expect(video.currentTime).toBe(2.5 / 8);
    expect(view.get("input[type=range]").getAttribute("aria-valuetext")).toBe("Frame 3 of 16, 0:00.3");
    view.press(surface, "End");
    expect(video.currentTime).toBe(15.5 / 8);
    video.dispatchEvent(new Event("timeupdate"));
    expect(view.kept()).toMatchObject({ place: { id: "/out/1/clip.mp4", seconds: 15.5 / 8, paused: true } });

    const again = mount(shown, view.kept()).get("video") as HTMLVideoElement;
    again.dispatchEvent(new Event("loadedmetadata"));
    expect(again.currentTime).toBe(15.5 / 8);
  });

  test("plays by itself where that is wanted, and not when less motion is asked for", () => {
    const plays = (changes: Parameters<typeof state>[0]): boolean => {
      play.mockClear();
      mount({ ...shown, ...changes })
        .get("video")
        .dispatchEvent(new Event("loadedmetadata"));
      return play.mock.calls.length > 0;
    };
    expect(plays({})).toBe(true);
    expect(plays({ autoplay: false })).toBe(false);
    expect(plays({ visible: false })).toBe(false);
    document.body.classList.add("vscode-reduce-motion");
    expect(plays({})).toBe(false);
    document.body.classList.remove("vscode-reduce-motion");
  });

  test("loops as the setting says, until its own button says otherwise", () => {
    const view = mount({ ...shown, loop: false });
    const video = view.get("video") as HTMLVideoElement;
    expect(video.loop).toBe(false);
    view.click("button", "Loop");
    expect(video.loop).toBe(true);
    expect((mount({ ...shown, loop: false }, view.kept()).get("video") as HTMLVideoElement).loop).toBe(true);
  });

  test("has one speed for all clips", () => {
    const view = mount(shown);
    view.write(view.get("select", "Speed"), "0.25");
    expect((view.get("video") as HTMLVideoElement).playbackRate).toBe(0.25);
    view.show({ ...shown, selected: "/out/2/clip.mp4" });
    expect((view.get("video") as HTMLVideoElement).playbackRate).toBe(0.25);
  });

  test("that cannot be played says so and offers the default player", () => {
    const view = mount(shown);
    void act(() => {
      view.get("video").dispatchEvent(new Event("error"));
    });
    expect(view.root.textContent).toContain("clip1.mp4 cannot be shown here.");
    view.click("button", "Open in Default Player");
    expect(view.sent).toEqual([{ type: "output", action: "openExternal", id: "/out/1/clip.mp4" }]);
  });
});

describe("the menu", () => {
  test.each([
    ["Open in Default Player", { type: "output", action: "openExternal" }],
    ["Open in Editor", { type: "output", action: "open" }],
    ["Make Again", { type: "output", action: "makeAgain" }],
    ["New Seed", { type: "output", action: "newSeed" }],
    ["Use This Frame as Start", { type: "useFrame", frame: 4 }],
    ["Save As...", { type: "output", action: "saveAs" }],
    ["Reveal in Folder", { type: "output", action: "reveal" }],
    ["Copy Path", { type: "output", action: "copyPath" }],
    ["Copy Prompt", { type: "output", action: "copyPrompt" }],
    ["Delete", { type: "output", action: "delete" }],
  ])("%s", (item, message) => {
    const view = mount(shown);
    (view.get("video") as HTMLVideoElement).currentTime = 4.5 / 8;
    view.click("button", "More Actions");
    view.click("[role=menuitem]", item);
    expect(view.sent).toEqual([{ ...message, id: "/out/1/clip.mp4" }]);
    expect(view.root.querySelector("[role=menu]")).toBeNull();
  });

  test("animates a picture, and nothing that moves", () => {
    const labels = (name: string, frames = 1): string[] => {
      const picture = output({ id: "/out/a", name, kind: "image", frames, job: null });
      const view = mount(state({ outputs: [picture], selected: "/out/a" }));
      view.click("button", "More Actions");
      return [...view.root.querySelectorAll("[role=menuitem]")].map((item) => item.textContent);
    };
    expect(labels("frame_000.png")).toContain("Animate...");
    expect([...labels("clip.gif"), ...labels("moving.webp", 4)]).not.toContain("Animate...");
  });

  test("offers for a storyboard's frame another seed only", () => {
    const made = output({ name: "frame_003.png", kind: "image", frames: 1 });
    const job = made.job && { ...made.job, title: "fair, frame 3", prompt: null, again: ["newSeed"] as const };
    const view = mount(state({ outputs: [{ ...made, job }], selected: made.id }));
    expect(view.root.querySelector(".caption")?.textContent).toBe("fair, frame 3");
    expect([...view.root.querySelectorAll(".details .actions button")].map((each) => each.textContent)).toEqual([
      "New Seed",
    ]);
    view.click("button", "More Actions");
    const labels = [...view.root.querySelectorAll("[role=menuitem]")].map((item) => item.textContent);
    expect([labels.includes("New Seed"), labels.includes("Make Again"), labels.includes("Copy Prompt")]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test("offers no prompt, seed or start for files of other programs, and no start when no model takes one", () => {
    const labels = (changes: Parameters<typeof state>[0]): string[] => {
      const view = mount(state({ selected: "/out/1/clip.mp4", ...changes }));
      view.click("button", "More Actions");
      return [...view.root.querySelectorAll("[role=menuitem]")].map((item) => item.textContent);
    };
    expect(labels({ outputs: [output({ job: null })] })).toEqual([
      "Open in Default Player",
      "Open in Editor",
      "Save As...",
      "Reveal in Folder",
      "Copy Path",
      "Delete",
    ]);
    expect(labels({ outputs: [output()], models: [{ ...tiny, parametersSchema: {} }] })).not.toContain(
      "Use This Frame as Start",
    );
  });

  test("is walked by keys, and gives the focus back", () => {
    const view = mount(shown);
    const opener = view.get("button", "More Actions");
    opener.focus();
    view.click("button", "More Actions");
    const focused = (): string => document.activeElement?.textContent ?? "";
    const walked = ["ArrowDown", "End", "ArrowDown", "ArrowUp", "Home", "s"].map((key) => {
      view.press(document.activeElement ?? document.body, key);
      return focused();
    });
    expect(walked).toEqual([
      "Open in Editor",
      "Delete",
      "Open in Default Player",
      "Delete",
      "Open in Default Player",
      "Save As...",
    ]);
    view.press(document.activeElement ?? document.body, "Escape");
    expect(document.activeElement).toBe(opener);
  });
});

describe("the strip", () => {
  const options = (view: ReturnType<typeof mount>): HTMLElement[] => [
    ...view.root.querySelectorAll<HTMLElement>("[role=option]"),
  ];

  test("has one stop for Tab; arrows move the focus and select", () => {
    const view = mount(shown);
    expect(options(view).map((option) => option.tabIndex)).toEqual([0, -1, -1]);
    options(view)[0]?.focus();
    for (const key of ["ArrowRight", "End", "ArrowRight", "Home"]) {
      view.press(document.activeElement ?? document.body, key);
    }
    expect(document.activeElement).toBe(options(view)[0]);
    expect(view.sent.map((message) => "id" in message && message.id)).toEqual(
      ["2", "3", "3", "1"].map((n) => `/out/${n}/clip.mp4`),
    );
    view.show({ ...shown, selected: "/out/3/clip.mp4" });
    expect(options(view).map((option) => option.tabIndex)).toEqual([-1, -1, 0]);
    expect(options(view).map((option) => option.getAttribute("aria-selected"))).toEqual(["false", "false", "true"]);
  });

  test("opens by Enter, deletes by Delete, and has the menu of each output", () => {
    const view = mount(shown);
    const second = options(view)[1];
    second?.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    view.press(options(view)[0] ?? document.body, "Enter");
    view.press(options(view)[0] ?? document.body, "Delete");
    void act(() => {
      second?.dispatchEvent(new MouseEvent("contextmenu", { bubbles: true, cancelable: true }));
    });
    view.click("[role=menuitem]", "Use First Frame as Start");
    expect(view.sent).toEqual([
      { type: "select", id: "/out/2/clip.mp4" },
      { type: "output", action: "openExternal", id: "/out/1/clip.mp4" },
      { type: "output", action: "delete", id: "/out/1/clip.mp4" },
      { type: "useFrame", id: "/out/2/clip.mp4", frame: 0 },
    ]);
  });
});

test("a refusal is shown with its hint until it is dismissed", async () => {
  const view = mount(shown);
  view.refuse(new Refusal("The disk is full.", "Make room."));
  view.click(".details button", "Make Again");
  await act(() => Promise.resolve());
  expect(view.get("[role=alert]").textContent).toContain("The disk is full.Make room.");
  view.click("button", "Dismiss");
  expect(view.root.querySelector("[role=alert]")).toBeNull();
});

test("whatever names and prompts hold is shown as text", () => {
  const hostile = `"><img src=x onerror=alert(1)><script>alert(2)</script>' javascript:alert(3) \${x} {{y}}`;
  const clip = output({ id: "../../../etc/passwd", name: `${hostile}.mp4`, job: null });
  const made = output({
    id: "b",
    name: hostile,
    job: {
      id: "j",
      title: hostile,
      model: hostile,
      prompt: hostile,
      negativePrompt: hostile,
      parameters: { [hostile]: hostile },
      device: hostile,
      seconds: 1,
      notes: [hostile],
      again: ["makeAgain", "newSeed"],
    },
  });
  const values = { model: "tiny", negativePrompt: hostile, parameters: {}, count: 1 };
  const view = mount(
    state({
      worker: { kind: "crashed", message: hostile, hint: hostile },
      outputs: [clip, made],
      selected: "b",
      jobs: [
        job({ title: hostile, detail: hostile, notes: [hostile] }),
        job({ id: "f", state: "failed", title: hostile, detail: hostile, hint: hostile }),
      ],
      interactive: true,
      history: [hostile],
      presets: [{ name: hostile, values }],
      startImage: { path: hostile, url: "https://example.test/a.png", name: hostile },
    }),
    { draft: hostile, detailsOpen: true, parametersOpen: true },
  );
  view.click("button", "More Actions");
  expect(view.root.querySelectorAll("script, iframe, object, a, img[src=x], [onerror], [onclick]")).toHaveLength(0);
  expect(view.root.textContent.split("<script>alert(2)</script>").length).toBeGreaterThan(12);
  expect([...view.root.querySelectorAll("[src], [href]")].map((element) => element.getAttribute("src"))).not.toContain(
    "x",
  );
});
