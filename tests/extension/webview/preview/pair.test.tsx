// @vitest-environment happy-dom
import { act } from "preact/test-utils";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { differences, pairOf } from "../../../../extension/src/webview/preview/pair";
import { mount, type View } from "./mount";
import { output, state, tiny } from "./states";

const first = output({ id: "/out/1/clip.mp4", name: "clip1.mp4" });
const second = output({ id: "/out/2/clip.mp4", name: "clip2.mp4", frames: 8 });
const picture = output({ id: "/out/3/sheet.png", name: "sheet.png", kind: "image", frames: 1, fps: null });
const shown = state({ outputs: [first, second, picture], selected: first.id });

function videos(view: View): readonly HTMLVideoElement[] {
  return [...view.root.querySelectorAll<HTMLVideoElement>(".pair video")];
}

function contextMenu(view: View, name: string): void {
  view.get("[role=option]", name).dispatchEvent(new MouseEvent("contextmenu", { bubbles: true, cancelable: true }));
}

beforeEach(() => {
  vi.spyOn(HTMLMediaElement.prototype, "play").mockResolvedValue();
});

describe("another video beside the shown one", () => {
  test("is chosen in its menu, remembered, and left with Escape", async () => {
    const view = mount(shown);
    expect(videos(view)).toEqual([]);
    contextMenu(view, "a red ball (clip2.mp4)");
    await vi.waitFor(() => view.get("[role=menuitem]", "Compare with Shown"));
    view.click("[role=menuitem]", "Compare with Shown");
    expect(videos(view).map((video) => video.src)).toEqual([first.url, second.url]);
    expect(view.kept()).toMatchObject({ beside: second.id });
    view.press(view.get(".pair .surface"), "Escape");
    expect(videos(view)).toEqual([]);
    expect(view.kept()).toMatchObject({ beside: null });
  });

  test("can be the one before it", () => {
    const view = mount(shown);
    view.click("button", "More Actions");
    view.click("[role=menuitem]", "Compare with Previous");
    expect(videos(view)).toHaveLength(2);
  });

  test("is no picture", () => {
    const view = mount(shown);
    contextMenu(view, "a red ball (sheet.png)");
    expect(() => view.get("[role=menuitem]", "Compare with Shown")).toThrow();
    expect(videos(mount(shown, { beside: picture.id }))).toEqual([]);
  });

  test("shows the same moment, and stands still at its end", () => {
    const view = mount({ ...shown, outputs: [first, { ...second, fps: 4 }] }, { beside: second.id });
    const [lead, follower] = videos(view);
    for (const [frame, seconds] of [
      [4, 2.5 / 4],
      [15, 7.5 / 4],
    ] as const) {
      view.write(view.get("[aria-label=Frame]"), String(frame));
      expect(lead?.currentTime).toBeCloseTo((frame + 0.5) / 8);
      expect(follower?.currentTime).toBeCloseTo(seconds);
    }
  });

  test("says so when it cannot be shown, and leaves the other one", () => {
    const view = mount(shown, { beside: second.id });
    void act(() => {
      videos(view)[1]?.dispatchEvent(new Event("error"));
    });
    expect(view.root.querySelector(".pair .unshown")?.textContent).toContain("clip2.mp4 cannot be shown here.");
    expect(videos(view).map((video) => video.src)).toEqual([first.url]);
  });

  test("is made a video with it, A on the left", () => {
    const view = mount(shown, { beside: second.id });
    view.click("button", "Make a Side-by-Side Video");
    expect(view.sent).toContainEqual({ type: "compare", ids: [first.id, second.id] });
  });
});

test("the longer one gives the time", () => {
  expect(pairOf(second, first)).toEqual([first, second]);
  expect(pairOf(first, second)).toEqual([first, second]);
});

test("only what differs is told", () => {
  const job = first.job;
  const other =
    job && output({ job: { ...job, title: "a star", parameters: { steps: 20, seed: 8 }, negativePrompt: "dark" } });
  expect(other && differences(first, other, [tiny])).toEqual([
    ["Prompt", "a red ball", "a star"],
    ["Seed", "7", "8"],
    ["Negative prompt", "–", "dark"],
  ]);
  expect(differences(first, first, [tiny])).toEqual([]);
});
