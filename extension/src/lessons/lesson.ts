// A lesson, read from its Markdown file. What a button does is looked up here by its number, never taken from the page.
import type Token from "markdown-it/lib/token.mjs";
import type { CommandLink } from "./allowedCommands";
import { readFrontMatter, type FrontMatter, type Problem } from "./frontMatter";
import { parseBody } from "./markdown";

export interface Button extends CommandLink {
  readonly label: string;
  /** The same over updates of the extension, as long as what it runs stays the same */
  readonly key: string;
}

/** As the file has it; `shownCode` is what a page shows. */
export interface CodeBlock {
  readonly language: string;
  readonly text: string;
}

/** A numbered second-level heading with buttons below it. */
export interface Step {
  readonly title: string;
  readonly buttons: readonly number[];
}

export interface Reference {
  readonly target: string;
  readonly line: number;
}

/** What the text of a lesson holds, by number. */
export interface Body {
  readonly tokens: Token[];
  readonly buttons: readonly Button[];
  readonly blocks: readonly CodeBlock[];
  readonly steps: readonly Step[];
  /** Addresses of other sites */
  readonly links: readonly string[];
  /** Ids of other lessons */
  readonly lessons: readonly Reference[];
  /** Paths of pictures from the root of the extension, with / */
  readonly images: readonly Reference[];
}

export interface Lesson extends FrontMatter, Body {
  /** The text of its SVG pictures by their paths. They become part of the page, and so have the theme's colours. */
  readonly drawings: Readonly<Record<string, string>>;
}

/** The lesson is none when its front matter cannot be used; text that is wrong shows as text. */
export function parseLesson(source: string): { readonly lesson: Lesson | null; readonly problems: readonly Problem[] } {
  const { head, body, problems } = readFrontMatter(source.replaceAll("\r\n", "\n"));
  const parsed = parseBody(body);
  return {
    lesson: head && { ...head, ...parsed.body, drawings: {} },
    problems: [...problems, ...parsed.problems].sort((a, b) => a.line - b.line),
  };
}

/** Whether a step is done, from which of the lesson's buttons are. */
export function isStepDone(
  lesson: Pick<Body, "buttons">,
  step: Step,
  isButtonDone: (button: Button) => boolean,
): boolean {
  const buttons = step.buttons.flatMap((number) => lesson.buttons[number] ?? []);
  const jobs = buttons.filter((button) => button.startsJobs);
  return (jobs.length > 0 ? jobs : buttons).some(isButtonDone);
}
