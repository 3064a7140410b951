// The markup of a lesson's page. The script of the page gives life to what carries a data- attribute.
import { escapeHtml } from "../webviewHtml";
import { CATEGORIES, HARDWARE } from "./frontMatter";
import type { Lesson } from "./lesson";
import { renderBody, type Places } from "./markdown";

export interface Neighbours {
  readonly previous: Lesson | undefined;
  readonly next: Lesson | undefined;
}

const STATUS_TEXTS: Readonly<Record<Lesson["status"], string | null>> = {
  validated: null,
  draft: "Draft: not tried from beginning to end yet",
  blocked: "Blocked: does not work at present",
};

export function pageBody(lesson: Lesson, { previous, next }: Neighbours, places: Places): string {
  const facts = [
    minutes(lesson),
    `Runs on ${lesson.supportedHardware.map((id) => HARDWARE[id]).join(", ")}`,
    STATUS_TEXTS[lesson.status] ?? `Validated: ${lesson.validated ?? ""}`,
  ];
  return `<main data-lesson-id="${escapeHtml(lesson.id)}">
      <header>
        <p class="category">${escapeHtml(CATEGORIES[lesson.category])}</p>
        <h1>${escapeHtml(lesson.title)}</h1>
        <p class="description">${escapeHtml(lesson.description)}</p>
        <ul class="facts">${facts.map((fact) => `<li>${escapeHtml(fact)}</li>`).join("")}</ul>
        ${requirements(lesson)}
        <p class="so-far"><span data-so-far></span> <button type="button" class="link" data-start-over hidden>Start over</button></p>
      </header>
      <article>
${renderBody(lesson, places)}
      </article>
      ${navigation(previous, next)}
    </main>
    <div class="unseen" role="status" data-announcements></div>
    <div class="notice" role="alert" data-notice hidden></div>`;
}

function requirements({ requires }: Pick<Lesson, "requires">): string {
  const row = (number: number): string =>
    `<li data-requirement="${number}"><span class="mark" aria-hidden="true"></span><span><span data-label></span> <span class="detail"></span></span> <button type="button" class="secondary" data-fix hidden></button></li>`;
  return requires.length === 0
    ? ""
    : `<ul class="requirements" aria-label="What this lesson needs">${requires.map((_, number) => row(number)).join("")}</ul>`;
}

export function minutes(lesson: Pick<Lesson, "estimatedMinutes">): string {
  return lesson.estimatedMinutes === 1 ? "1 minute" : `${lesson.estimatedMinutes} minutes`;
}

function navigation(previous: Lesson | undefined, next: Lesson | undefined): string {
  if (previous === undefined && next === undefined) {
    return "";
  }
  const to = (lesson: Lesson | undefined, direction: string): string =>
    lesson === undefined
      ? "<span></span>"
      : `<button type="button" class="neighbour" data-lesson="${escapeHtml(lesson.id)}"><span>${direction}</span> ${escapeHtml(lesson.title)}</button>`;
  return `<nav aria-label="Other lessons">${to(previous, "Previous")}${to(next, "Next")}</nav>`;
}
