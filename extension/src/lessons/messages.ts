// Which messages of a lesson's page are well-formed. What they name must exist in the lesson: that is looked up later.
import type { LessonMessage } from "../shared/protocol";

const FIELDS: Readonly<Record<LessonMessage["type"], string | null>> = {
  ready: null,
  press: "button",
  cancel: "button",
  copy: "block",
  terminal: "block",
  open: "lesson",
  openExternal: "link",
  fix: "requirement",
  startOver: null,
};

export function isLessonMessage(value: unknown): value is LessonMessage {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return false;
  }
  const { type, ...rest } = value as Readonly<Record<string, unknown>>;
  if (typeof type !== "string" || !Object.hasOwn(FIELDS, type)) {
    return false;
  }
  const field = FIELDS[type as LessonMessage["type"]];
  if (field === null) {
    return Object.keys(rest).length === 0;
  }
  const argument = rest[field];
  return (
    Object.keys(rest).length === 1 &&
    (field === "lesson"
      ? typeof argument === "string" && argument.length <= 100
      : Number.isSafeInteger(argument) && Number(argument) >= 0)
  );
}
