// @vitest-environment happy-dom
// The script of a lesson's page, with the markup that the extension renders.
import { beforeEach, expect, test, vi } from "vitest";
import { pageBody } from "../../../extension/src/lessons/pageBody";
import type { LessonButtonState, LessonMessage, LessonState } from "../../../extension/src/shared/protocol";
import { Refusal } from "../../../extension/src/webview/channel";
import { connect } from "../../../extension/src/webview/lesson/page";
import { GENERATE, lessonOf } from "./source";

const lesson = lessonOf(`
See [the site](https://example.com/a) and [this](made-up.md).

## 1. Make it

[Make it](<${GENERATE}>)

\`\`\`bash
ls
\`\`\`

\`\`\`python
print()
\`\`\`
`);

const IDLE: LessonButtonState = { state: "idle", detail: "", hint: null, progress: null, cancellable: false };
const RUNNING: LessonButtonState = {
  ...IDLE,
  state: "running",
  detail: "denoising 1 of 4",
  progress: 0.25,
  cancellable: true,
};

let sent: LessonMessage[];
let refusal: Refusal | null;
let kept: unknown;
let tell: (state: LessonState) => void;

beforeEach(() => {
  sent = [];
  refusal = null;
  kept = undefined;
  document.body.replaceWith(document.createElement("body"));
  document.body.innerHTML = pageBody(
    lesson,
    { previous: undefined, next: undefined },
    {
      image: (path) => `res:/${path}`,
      project: "/home/ada/tt-animatediff",
    },
  );
  connect(document, {
    send: (message) => {
      sent.push(message);
      return refusal === null ? Promise.resolve() : Promise.reject(refusal);
    },
    onState: (listener) => {
      tell = listener;
    },
    getState: () => kept,
    setState: (next) => {
      kept = next;
    },
  });
});

function find(selector: string): HTMLElement {
  return document.querySelector<HTMLElement>(selector) ?? expect.unreachable(selector);
}

const show = (button: LessonButtonState, done = false): void => {
  tell({ requirements: [], buttons: [button], steps: [done] });
};
function requires(state: "met" | "missing", fix: string | null): void {
  const requirement = { label: "The worker", state, detail: "It ended.", fix };
  tell({ requirements: [requirement], buttons: [IDLE], steps: [false] });
}

const announced = (): string | null => find("[data-announcements]").textContent;

test("each control sends its number, and the page says first that it is ready", () => {
  show(RUNNING);
  for (const selector of ["[data-cancel]", "[data-link]", "[data-lesson]", "[data-terminal]", "[data-copy='1']"]) {
    find(selector).click();
  }
  show(IDLE);
  find("[data-press]").click();
  expect(sent).toEqual([
    { type: "ready" },
    { type: "cancel", button: 0 },
    { type: "openExternal", link: 0 },
    { type: "open", lesson: "made-up" },
    { type: "terminal", block: 0 },
    { type: "copy", block: 1 },
    { type: "press", button: 0 },
  ]);
});

test("what the lesson needs is told, with a button when there is something to do", () => {
  requires("missing", "Restart Worker");
  const row = find("[data-requirement='0']");
  expect(row.getAttribute("aria-label")).toBe("Missing: The worker. It ended.");
  find("[data-fix]").click();
  expect(sent.at(-1)).toEqual({ type: "fix", requirement: 0 });
  requires("met", null);
  expect(row.dataset["state"]).toBe("met");
  expect(find("[data-fix]").hidden).toBe(true);
});

test("a lesson of which something is done can be started over", () => {
  show(IDLE);
  expect(find("[data-start-over]").hidden).toBe(true);
  show(IDLE, true);
  find("[data-start-over]").click();
  expect(sent.at(-1)).toEqual({ type: "startOver" });
});

test("shell code has Run in Terminal, other code has not", () => {
  expect(document.querySelectorAll("[data-copy]").length).toBe(2);
  expect([...document.querySelectorAll("[data-terminal]")].map((each) => each.getAttribute("data-terminal"))).toEqual([
    "0",
  ]);
});

test("VS Code does not get to see the click on a link, which it would open a second time", () => {
  const heard = vi.fn();
  document.addEventListener("click", heard, { once: true });
  const click = new MouseEvent("click", { bubbles: true, cancelable: true });
  find("[data-link]").dispatchEvent(click);
  expect(click.defaultPrevented).toBe(true);
  expect(heard).not.toHaveBeenCalled();
});

test("a running button shows its progress and Cancel, and is not pressed twice", () => {
  show(RUNNING);
  expect(find("[data-cancel]").hidden).toBe(false);
  expect(find("progress")).toHaveProperty("value", 0.25);
  expect(find(".action .detail").textContent).toBe("denoising 1 of 4");
  find("[data-press]").click();
  expect(sent).toEqual([{ type: "ready" }]);
  show(IDLE);
  expect(find("[data-cancel]").hidden).toBe(true);
  expect(find("progress").hidden).toBe(true);
});

test("each change of a button's state is announced once, each step is not, and nothing when the page comes up", () => {
  show(IDLE);
  expect(announced()).toBe("");
  show(RUNNING);
  expect(announced()).toBe("Make it: started");
  find("[data-announcements]").textContent = "heard";
  show({ ...RUNNING, detail: "denoising 2 of 4", progress: 0.5 });
  expect(announced()).toBe("heard");
  show({ ...IDLE, state: "failed", detail: "The disk is full.", hint: "Free some space." });
  expect(announced()).toBe("Make it: failed. The disk is full. Free some space.");
  expect(find(".action .detail").textContent).toBe("The disk is full. Free some space.");
});

test("a step that is done has a tick and says so", () => {
  show(IDLE);
  expect(find("[data-step]").textContent).toBe("1. Make it");
  expect(find("[data-so-far]").textContent).toBe("0 of 1 steps done");
  show(IDLE, true);
  expect(find("[data-step]").hasAttribute("data-done")).toBe(true);
  expect(find("[data-step]").textContent).toBe("1. Make it (done)");
  expect(find("[data-so-far]").textContent).toBe("All steps done");
});

test("the focus does not get lost when Cancel disappears", () => {
  show(RUNNING);
  find("[data-cancel]").focus();
  show({ ...RUNNING, cancellable: false });
  expect(document.activeElement).toBe(find("[data-press]"));
});

test("what was refused is told on the page, until something works again", async () => {
  refusal = new Refusal("The lesson has no such part.", "Close the page.");
  find("[data-press]").click();
  await vi.waitFor(() => {
    expect(find("[data-notice]").textContent).toBe("The lesson has no such part. Close the page.");
  });
  expect(find("[data-notice]").hidden).toBe(false);
  refusal = null;
  find("[data-press]").click();
  await vi.waitFor(() => {
    expect(find("[data-notice]").hidden).toBe(true);
  });
});

test("Copy says that it has copied", async () => {
  find("[data-copy='0']").click();
  await vi.waitFor(() => {
    expect(find("[data-copy='0']").textContent).toBe("Copied");
  });
  expect(announced()).toBe("Copied");
});

test("the page keeps which lesson it shows, for when the window is reloaded", () => {
  expect(kept).toEqual({ lesson: "made-up", scroll: 0 });
});
