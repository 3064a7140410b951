// @vitest-environment happy-dom
import { expect, test } from "vitest";
import type { PreviewState, StoryboardView } from "../../../../extension/src/shared/protocol";
import { Refusal } from "../../../../extension/src/webview/channel";
import { type View, mount } from "./mount";
import { state } from "./states";

const BOARD: StoryboardView = {
  file: "/home/ada/fair/video_prompts.txt",
  title: "video_prompts",
  model: "tiny",
  made: 3,
  frames: 10,
  next: { number: 3, prompt: "a red ball", making: null },
  problem: null,
};
const box = (view: View): HTMLTextAreaElement => view.get("textarea", "Prompt") as HTMLTextAreaElement;
const title = (view: View): string => view.get(".storyboard-title").textContent;

function on(change: Partial<StoryboardView> = {}): PreviewState {
  return state({ interactive: true, storyboard: { ...BOARD, ...change } });
}

function at(number: number, prompt: string, making: string | null = null): PreviewState {
  return on({ made: number, next: { number, prompt, making } });
}

test("the next prompt stands ready, and Enter makes its frame of the words as they are then", () => {
  const view = mount(on());
  expect([box(view).value, title(view)]).toEqual(["a red ball", "video_promptsFrame 3, 3 of 10 made"]);
  view.write(box(view), "a red zebra");
  expect([...view.root.querySelectorAll("mark")].map((mark) => mark.textContent)).toEqual(["zebra"]);
  view.press(box(view), "Enter");
  expect(view.sent).toEqual([{ type: "storyboardFrame", frame: 3, prompt: "a red zebra" }]);
});

test("while the frame is made nothing is sent; then the next prompt stands ready, and the focus stays", () => {
  const view = mount(at(3, "a red ball"));
  box(view).focus();
  view.show(at(3, "a red ball", "denoising 5 of 20"));
  expect([box(view).readOnly, view.get(".changes").textContent]).toEqual([true, "denoising 5 of 20"]);
  expect(view.get("button", "Generate This Frame (Enter)")).toHaveProperty("disabled", true);
  view.press(box(view), "Enter");
  expect(view.sent).toEqual([]);
  view.show(at(4, "a ball"));
  expect([box(view).value, box(view).readOnly, document.activeElement]).toEqual(["a ball", false, box(view)]);
  view.click("button", "Generate This Frame (Enter)");
  expect(view.sent).toEqual([{ type: "storyboardFrame", frame: 4, prompt: "a ball" }]);
});

test("words from the file come into the box, unless others were typed there", () => {
  const view = mount(at(3, "a red ball"));
  view.show(at(3, "a ball"));
  expect(box(view).value).toBe("a ball");
  view.write(box(view), "a red");
  view.show(at(3, "red"));
  expect(box(view).value).toBe("a red");
  view.show(at(4, "ball"));
  expect(box(view).value).toBe("ball");
});

test("typed words are there again after a reload, and after they were refused", async () => {
  const before = mount(on());
  before.write(box(before), "a red");
  const after = mount(on(), before.kept());
  expect(box(after).value).toBe("a red");
  after.refuse(new Refusal("The disk is full.", "Make room."));
  after.press(box(after), "Enter");
  await expect.poll(() => after.root.querySelector("[role=alert]")?.textContent ?? "").toContain("The disk is full.");
  expect(box(after).value).toBe("a red");
  after.refuse(null);
  after.press(box(after), "Enter");
  await expect.poll(() => (after.kept() as { frameDraft: unknown }).frameDraft).toBeNull();
  expect(after.sent).toHaveLength(2);
});

test("an emptied box sends nothing", () => {
  const view = mount(on());
  view.write(box(view), "  ");
  view.press(box(view), "Enter");
  expect(view.sent).toEqual([]);
});

test.each([
  [on({ next: null, made: 10 }), "all 10 frames made", ""],
  [on({ next: null, frames: 0, made: 0 }), "no prompts yet", ""],
  [on({ next: null, frames: 0, made: 0, model: "" }), "reading it…", ""],
  [on({ problem: "Line 4: That is no key." }), "Frame 3, 3 of 10 made", "Line 4: That is no key."],
  [on({ next: null, model: "", problem: "It is gone." }), "", "It is gone."],
])("what cannot be gone on with is told, and nothing is sent", (shown, place, problem) => {
  const view = mount(shown);
  expect([title(view), view.root.querySelector(".prompt > .hint")?.textContent ?? ""]).toEqual([
    `video_prompts${place}`,
    problem,
  ]);
  expect(box(view).readOnly).toBe(true);
  view.press(box(view), "Enter");
  expect(view.sent).toEqual([]);
});

test("it is left for the prompt that was typed before, and chosen from there", () => {
  const view = mount(on(), { draft: "my own" });
  view.click("button", "Leave Storyboard");
  view.show(state({ interactive: true }));
  expect(box(view).value).toBe("my own");
  view.click("button", "Go Through a Storyboard...");
  expect(view.sent).toEqual([
    { type: "leaveStoryboard" },
    { type: "command", command: "ttVideo.interactiveStoryboard" },
  ]);
});
