// Gives life to a lesson's page, whose markup the extension has rendered: presses, what became of them, and the ticks.
import type { LessonButtonState, LessonMessage, LessonRequirementState, LessonState } from "../../shared/protocol";
import { Refusal, type Channel } from "../channel";

/** How long a button says that it has copied, in milliseconds. */
const COPIED = 2000;
const REQUIREMENT_WORDS = { met: "There", missing: "Missing", unknown: "Not checked" } as const;

export function connect(document: Document, channel: Channel<LessonMessage, LessonState>): void {
  const page = new Page(document, channel);
  channel.onState((state) => {
    page.show(state);
  });
  void page.send({ type: "ready" });
}

class Page {
  #shown: LessonState | undefined;

  constructor(
    private readonly document: Document,
    private readonly channel: Channel<LessonMessage, LessonState>,
  ) {
    document.body.addEventListener("click", (event) => {
      if (event.target instanceof Element) {
        this.#clicked(event.target, event);
      }
    });
    this.#keepPlace();
  }

  /** Whether it was carried out; if not, the page says why. */
  async send(message: LessonMessage): Promise<boolean> {
    try {
      await this.channel.send(message);
      this.#notice("");
      return true;
    } catch (error) {
      this.#notice(error instanceof Refusal ? `${error.message} ${error.hint}` : String(error));
      return false;
    }
  }

  show(state: LessonState): void {
    state.requirements.forEach((requirement, number) => {
      this.#showRequirement(number, requirement);
    });
    state.buttons.forEach((button, number) => {
      this.#showButton(number, button, this.#shown?.buttons[number]);
    });
    state.steps.forEach((done, number) => {
      const heading = this.#find(`[data-step="${number}"]`);
      heading?.toggleAttribute("data-done", done);
      setText(heading?.querySelector("[data-step-state]"), done ? " (done)" : "");
    });
    const done = state.steps.filter(Boolean).length;
    const soFar = done === state.steps.length ? "All steps done" : `${done} of ${state.steps.length} steps done`;
    setText(this.#find("[data-so-far]"), soFar);
    this.#find("[data-start-over]")?.toggleAttribute("hidden", done === 0);
    this.#shown = state;
  }

  #showRequirement(number: number, { label, state, detail, fix }: LessonRequirementState): void {
    const row = this.#find(`[data-requirement="${number}"]`);
    row?.setAttribute("data-state", state);
    row?.setAttribute("aria-label", `${REQUIREMENT_WORDS[state]}: ${label}. ${detail}`);
    setText(row?.querySelector("[data-label]"), label);
    setText(row?.querySelector(".detail"), detail);
    const button = row?.querySelector("button");
    button?.toggleAttribute("hidden", fix === null);
    setText(button, fix ?? "");
  }

  #showButton(number: number, state: LessonButtonState, before: LessonButtonState | undefined): void {
    const action = this.#find(`[data-action="${number}"]`);
    const press = action?.querySelector<HTMLButtonElement>("[data-press]");
    const cancel = action?.querySelector<HTMLButtonElement>("[data-cancel]");
    const progress = action?.querySelector("progress");
    if (!action || !press || !cancel || !progress) {
      return;
    }
    const text = state.hint === null ? state.detail : `${state.detail.replace(/\.$/, "")}. ${state.hint}`;
    action.setAttribute("data-state", state.state);
    // Not `disabled`, which would take the focus away from it.
    press.setAttribute("aria-disabled", String(state.state === "running"));
    if (!state.cancellable && this.document.activeElement === cancel) {
      press.focus();
    }
    cancel.hidden = !state.cancellable;
    progress.hidden = state.state !== "running";
    if (state.progress === null) {
      progress.removeAttribute("value");
    } else {
      progress.value = state.progress;
    }
    setText(action.querySelector(".detail"), text);
    if (before !== undefined && before.state !== state.state) {
      this.#announce(`${press.textContent}: ${announcement(state, text)}`);
    }
  }

  #clicked(target: Element, event: Event): void {
    const element = target.closest<HTMLElement>("button, a");
    if (element === null) {
      return;
    }
    const { lesson, link, copy, terminal, press, cancel, fix, startOver } = element.dataset;
    if (link !== undefined) {
      // VS Code listens at the document and would open the link, too.
      event.preventDefault();
      event.stopPropagation();
      void this.send({ type: "openExternal", link: Number(link) });
    } else if (lesson !== undefined) {
      void this.send({ type: "open", lesson });
    } else if (fix !== undefined) {
      const row = element.closest<HTMLElement>("[data-requirement]");
      void this.send({ type: "fix", requirement: Number(row?.dataset["requirement"]) });
    } else if (startOver !== undefined) {
      void this.send({ type: "startOver" });
    } else if (copy !== undefined) {
      void this.#copy(element, Number(copy));
    } else if (terminal !== undefined) {
      void this.send({ type: "terminal", block: Number(terminal) });
    } else if (press !== undefined && element.getAttribute("aria-disabled") !== "true") {
      void this.send({ type: "press", button: actionOf(element) });
    } else if (cancel !== undefined) {
      void this.send({ type: "cancel", button: actionOf(element) });
    }
  }

  async #copy(button: HTMLElement, block: number): Promise<void> {
    if (await this.send({ type: "copy", block })) {
      button.textContent = "Copied";
      this.#announce("Copied");
      setTimeout(() => {
        button.textContent = "Copy";
      }, COPIED);
    }
  }

  /** The lesson and the place in it are kept, so that the page comes back as it was left. */
  #keepPlace(): void {
    const window = this.document.defaultView;
    const lesson = this.#find("[data-lesson-id]")?.dataset["lessonId"];
    if (window === null || lesson === undefined) {
      return;
    }
    const kept = this.channel.getState();
    const scroll = isPlace(kept) && kept.lesson === lesson ? kept.scroll : 0;
    this.channel.setState({ lesson, scroll });
    // Pictures that are not loaded yet would make the page too short.
    window.addEventListener("load", () => {
      window.scrollTo({ top: scroll });
      window.addEventListener("scrollend", () => {
        this.channel.setState({ lesson, scroll: window.scrollY });
      });
    });
  }

  #announce(sentence: string): void {
    setText(this.#find("[data-announcements]"), sentence);
  }

  #notice(sentence: string): void {
    const notice = this.#find("[data-notice]");
    if (notice !== null) {
      notice.hidden = sentence === "";
      notice.textContent = sentence;
    }
  }

  #find(selector: string): HTMLElement | null {
    return this.document.querySelector<HTMLElement>(selector);
  }
}

function announcement(state: LessonButtonState, text: string): string {
  switch (state.state) {
    case "running":
      return "started";
    case "done":
      return text === "done" ? text : `done, ${text}`;
    case "failed":
      return `failed. ${text}`;
    case "idle":
      return text === "" ? "stopped" : text;
  }
}

function actionOf(element: Element): number {
  return Number(element.closest<HTMLElement>("[data-action]")?.dataset["action"]);
}

/** Leaves an unchanged text alone, so that a screen reader is not told twice. */
function setText(element: Element | null | undefined, text: string): void {
  if (element && element.textContent !== text) {
    element.textContent = text;
  }
}

function isPlace(kept: unknown): kept is { readonly lesson: string; readonly scroll: number } {
  return (
    typeof kept === "object" &&
    kept !== null &&
    "lesson" in kept &&
    typeof kept.lesson === "string" &&
    "scroll" in kept &&
    typeof kept.scroll === "number"
  );
}
