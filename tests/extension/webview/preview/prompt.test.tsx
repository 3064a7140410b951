// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { Refusal } from "../../../../extension/src/webview/channel";
import { type View, mount } from "./mount";
import { state, tiny } from "./states";

const open = state({ interactive: true, history: ["an old one", "the last one"] });
const box = (view: View): HTMLTextAreaElement => view.get("textarea", "Prompt") as HTMLTextAreaElement;
const nothingChosen = { model: "tiny", negativePrompt: "", parameters: {}, count: 1 };

test("Enter sends the prompt; the box is empty and has the focus for the next one", () => {
  const view = mount(open);
  box(view).focus();
  view.write(box(view), "  a red ball ");
  expect(view.press(box(view), "Enter").defaultPrevented).toBe(true);
  view.write(box(view), "a second");
  view.press(box(view), "Enter");
  expect(view.sent).toEqual([
    { type: "submit", prompt: "a red ball", values: nothingChosen },
    { type: "submit", prompt: "a second", values: nothingChosen },
  ]);
  expect(box(view).value).toBe("");
  expect(document.activeElement).toBe(box(view));
});

test("Shift+Enter, an unfinished composition and an empty box send nothing", () => {
  const view = mount(open);
  expect(view.press(box(view), "Enter").defaultPrevented).toBe(true);
  view.write(box(view), "a ball");
  expect(view.press(box(view), "Enter", { shiftKey: true }).defaultPrevented).toBe(false);
  expect(view.press(box(view), "Enter", { isComposing: true }).defaultPrevented).toBe(false);
  expect(view.sent).toEqual([]);
});

test("the arrow keys walk the history on the outer lines only, and come back to the draft", () => {
  const view = mount(open);
  view.write(box(view), "my draft");
  const walk = (key: string, more?: KeyboardEventInit): string => {
    view.press(box(view), key, more);
    return box(view).value;
  };
  expect(walk("ArrowUp", { shiftKey: true })).toBe("my draft");
  expect(["ArrowUp", "ArrowUp", "ArrowUp"].map((key) => walk(key))).toEqual([
    "the last one",
    "an old one",
    "an old one",
  ]);
  expect(["ArrowDown", "ArrowDown", "ArrowDown"].map((key) => walk(key))).toEqual([
    "the last one",
    "my draft",
    "my draft",
  ]);
  view.write(box(view), "two\nlines");
  box(view).setSelectionRange(9, 9);
  expect(walk("ArrowUp")).toBe("two\nlines");
  box(view).setSelectionRange(1, 1);
  expect(walk("ArrowUp")).toBe("the last one");
});

test("a prompt that was refused comes back", async () => {
  const view = mount(open);
  view.refuse(new Refusal("The disk is full.", "Make room."));
  view.write(box(view), "a ball");
  view.press(box(view), "Enter");
  await expect.poll(() => box(view).value).toBe("a ball");

  view.press(box(view), "Enter");
  view.write(box(view), "the next");
  await expect
    .poll(() => {
      view.press(box(view), "ArrowUp");
      const older = box(view).value;
      view.press(box(view), "ArrowDown");
      return older;
    })
    .toBe("a ball");
  expect(box(view).value).toBe("the next");
});

test("words the model does not know are marked, and told to screen readers", () => {
  const view = mount(open);
  view.write(box(view), "a red zebra");
  expect([...view.root.querySelectorAll("mark")].map((mark) => mark.textContent)).toEqual(["zebra"]);
  const note = document.getElementById(box(view).getAttribute("aria-describedby") ?? "");
  expect(note?.textContent).toBe("Not known to this model: zebra");
  view.show({ ...open, models: [{ ...tiny, vocabulary: null }] });
  expect(view.root.querySelector("mark")).toBeNull();
  expect(box(view).hasAttribute("aria-describedby")).toBe(false);
});

test("what differs from the defaults goes along, and is told when the form is closed", () => {
  const view = mount(open);
  view.click("button", "Parameters");
  view.write(view.get("input", "Steps"), "30");
  view.write(view.get("input", "Negative prompt"), "dark");
  view.write(view.get("select", "Variations"), "3");
  view.click("button", "Advanced");
  view.click("input[type=checkbox]");
  view.click("button", "Parameters");
  expect(view.get(".changes").textContent).toBe("Steps 30, Tiling on, without dark, 3 variations");
  view.write(box(view), "a ball");
  view.click("button", "Generate (Enter)");
  const values = { model: "tiny", negativePrompt: "dark", parameters: { steps: 30, tiling: true }, count: 3 };
  expect(view.sent).toEqual([{ type: "submit", prompt: "a ball", values }]);

  view.click("button", "Parameters");
  view.click("button", "Reset to Defaults");
  view.write(box(view), "a ball");
  view.press(box(view), "Enter");
  expect(view.sent.at(-1)).toEqual({ type: "submit", prompt: "a ball", values: nothingChosen });
});

test("a value out of bounds is told at its field, which gets the focus, and nothing is sent", async () => {
  const view = mount(open, { entries: { steps: "400" }, draft: "a ball" });
  view.press(box(view), "Enter");
  expect(view.sent).toEqual([]);
  const steps = view.get("input", "Steps");
  expect(steps.getAttribute("aria-invalid")).toBe("true");
  expect(document.getElementById(steps.getAttribute("aria-describedby") ?? "")?.textContent).toBe("Allowed: 1 to 100.");
  expect(box(view).value).toBe("a ball");
  await expect.poll(() => document.activeElement).toBe(steps);
});

test("presets are chosen, saved and deleted", () => {
  const values = { model: "tiny", negativePrompt: "dark", parameters: { steps: 8 }, count: 2 };
  const view = mount({ ...open, presets: [{ name: "Quick", values }] }, { parametersOpen: true });
  expect(view.get("button", "Delete Preset")).toHaveProperty("disabled", true);
  view.write(view.get("select", "Preset"), "Quick");
  expect(view.get("input", "Steps")).toHaveProperty("value", "8");
  view.click("button", "Save as Preset...");
  view.click("button", "Delete Preset Quick");
  expect(view.sent).toEqual([
    { type: "savePreset", values },
    { type: "deletePreset", name: "Quick" },
  ]);
  view.write(view.get("select", "Preset"), "");
  expect(view.get("input", "Steps")).toHaveProperty("value", "");
});

test("with several models one is chosen, and its own parameters are asked", () => {
  const other = {
    ...tiny,
    id: "wan",
    title: "Wan",
    parametersSchema: { properties: { shift: { type: "number", default: 5 } } },
  };
  const view = mount(
    { ...open, models: [tiny, other] },
    { parametersOpen: true, draft: "a ball", entries: { steps: "30" } },
  );
  view.write(view.get("select", "Model"), "wan");
  expect(view.root.querySelectorAll(".fields input")).toHaveLength(1);
  view.write(view.get("input", "Shift"), "7");
  view.press(box(view), "Enter");
  expect(view.sent).toEqual([
    { type: "submit", prompt: "a ball", values: { ...nothingChosen, model: "wan", parameters: { shift: 7 } } },
  ]);
});

test("a start image is picked, dropped and removed", async () => {
  const view = mount({ ...open, startImage: { path: "/a.png", url: "https://example.test/a.png", name: "a.png" } });
  expect(view.root.textContent).toContain("Starts with a.png");
  view.click("button", "Start with a Picture...");
  view.click("button", "Remove Start Image");
  const drop = new Event("drop", { bubbles: true, cancelable: true });
  const file = new File([new Uint8Array([1, 2, 3])], "b.png", { type: "image/png" });
  Object.assign(drop, { dataTransfer: { types: ["Files"], files: [file] } });
  view.get("main").dispatchEvent(drop);
  expect(drop.defaultPrevented).toBe(true);
  await expect
    .poll(() => view.sent)
    .toEqual([
      { type: "pickStartImage" },
      { type: "clearStartImage" },
      { type: "dropStartImage", name: "b.png", data: "AQID" },
    ]);
});

test("a dropped file that is no picture, or too large, is told and not sent", async () => {
  const view = mount(open);
  for (const [file, sentence] of [
    [new File(["x"], "a.txt", { type: "text/plain" }), "a.txt is not a picture."],
    [new File([new Uint8Array(20 * 1024 * 1024 + 1)], "b.png", { type: "image/png" }), "b.png is larger than 20 MB."],
  ] as const) {
    const drop = new Event("drop", { bubbles: true, cancelable: true });
    Object.assign(drop, { dataTransfer: { types: ["Files"], files: [file] } });
    view.get("main").dispatchEvent(drop);
    await expect.poll(() => view.root.querySelector("[role=alert]")?.textContent ?? "").toContain(sentence);
  }
  expect(view.sent).toEqual([]);
});

test("a model that cannot start with a picture offers none, and says so of one that is there", () => {
  const models = [{ ...tiny, parametersSchema: {} }];
  const startImage = { path: "/a.png", url: "https://example.test/a.png", name: "a.png" };
  const view = mount({ ...open, models, startImage });
  expect(view.root.querySelector("[aria-label='Start with a Picture...']")).toBeNull();
  expect(view.root.textContent).toContain("This model cannot start with a picture");
});

test("the draft and the form are there again after a reload", () => {
  const before = mount(open);
  before.write(box(before), "half a thou");
  before.click("button", "Parameters");
  before.write(before.get("input", "Steps"), "30");
  const after = mount(open, before.kept());
  expect(box(after).value).toBe("half a thou");
  expect(after.get("input", "Steps")).toHaveProperty("value", "30");
});

test("the box takes the focus each time it is asked to", () => {
  const view = mount({ ...open, focusPrompt: 1 });
  expect(document.activeElement).toBe(box(view));
  box(view).blur();
  view.show({ ...open, focusPrompt: 1 });
  expect(document.activeElement).not.toBe(box(view));
  view.show({ ...open, focusPrompt: 2 });
  expect(document.activeElement).toBe(box(view));
});

test("the prompt can be closed", () => {
  const view = mount(open);
  view.click("button", "Close Prompt");
  expect(view.sent).toEqual([{ type: "interactive", open: false }]);
  view.show(state());
  expect(view.root.querySelector("textarea")).toBeNull();
});
