import { expect, test } from "vitest";
import { entriesOf, fieldsOf, parse, rangeOf, takesStartImage } from "../../../extension/src/shared/schema";

const schema = {
  type: "object",
  $defs: { Sampler: { enum: ["ddim", "euler"], title: "Sampler", type: "string" } },
  properties: {
    steps: { type: "integer", title: "Steps", default: 20, minimum: 1, maximum: 100, description: "More is finer" },
    guidance: { type: "number", title: "Guidance scale", default: 3, minimum: 0, maximum: 20 },
    fps: { type: "number", title: "Fps", default: 8, exclusiveMinimum: 0, maximum: 120 },
    seed: { type: "integer", title: "Seed", default: 0, minimum: 0, exclusiveMaximum: 2 ** 63 },
    width: { type: "integer", enum: [128], default: 128 },
    height: { type: "integer", enum: [128, 256], default: 128 },
    sampler: { $ref: "#/$defs/Sampler", default: "ddim", advanced: true },
    tiling: { type: "boolean", default: false, advanced: true },
    style: { anyOf: [{ type: "string" }, { type: "null" }], default: null },
    startImage: { anyOf: [{ type: "string", format: "path" }, { type: "null" }], default: null },
    unknown: { type: "array", items: { type: "number" } },
  },
};
const fields = fieldsOf(schema);

test("fields are those that can be chosen, in the schema's order", () => {
  expect(fields.map((field) => [field.key, field.kind, field.label, field.advanced])).toEqual([
    ["steps", "integer", "Steps", false],
    ["guidance", "number", "Guidance scale", false],
    ["fps", "number", "Frame rate", false],
    ["seed", "integer", "Seed", false],
    ["height", "choice", "Height", false],
    ["sampler", "choice", "Sampler", true],
    ["tiling", "boolean", "Tiling", true],
    ["style", "text", "Style", false],
  ]);
});

test("a path is not typed: it says that the model takes a picture", () => {
  expect(takesStartImage(schema)).toBe(true);
  expect(takesStartImage({ properties: { steps: { type: "integer" } } })).toBe(false);
  expect(takesStartImage({})).toBe(false);
});

test("another path is a field of its own, and no start image", () => {
  const video = { anyOf: [{ type: "string" }, { type: "null" }], format: "path", contentMediaType: "video/*" };
  const weights = { type: "string", format: "path", contentMediaType: "application/octet-stream" };
  const files = { properties: { startVideo: video, motionFile: weights } };
  const found = fieldsOf(files);
  expect(found.map((field) => [field.key, field.kind, field.kind === "file" && field.video])).toEqual([
    ["startVideo", "file", true],
    ["motionFile", "file", false],
  ]);
  expect(takesStartImage(files)).toBe(false);
  expect(parse(found, { startVideo: "/clips/walk.mp4", motionFile: "" }).parameters).toEqual({
    startVideo: "/clips/walk.mp4",
  });
});

test("only what differs from the defaults is sent, with its type", () => {
  const entries = {
    steps: "20",
    guidance: "3.0",
    fps: "12",
    height: "256",
    sampler: "ddim",
    tiling: true,
    style: "oil",
  };
  expect(parse(fields, entries)).toEqual({
    parameters: { fps: 12, height: 256, tiling: true, style: "oil" },
    errors: {},
  });
  expect(parse(fields, {}).parameters).toEqual({});
  expect(parse(fields, { steps: "", tiling: false }).parameters).toEqual({});
});

test("a seed that was typed is sent, also the default one: without it the worker draws one", () => {
  expect(parse(fields, { seed: "0" }).parameters).toEqual({ seed: 0 });
  expect(parse(fields, { seed: "" }).parameters).toEqual({});
});

test.each([
  ["steps", "0", "Allowed: 1 to 100."],
  ["steps", "101", "Allowed: 1 to 100."],
  ["steps", "7.5", "A whole number is needed."],
  ["steps", "many", "A whole number is needed."],
  ["guidance", "-1", "Allowed: 0 to 20."],
  ["guidance", "three", "A number is needed."],
  ["fps", "0", "Allowed: more than 0, at most 120."],
  ["seed", "-1", "Allowed: at least 0."],
  ["seed", "99999999999999999999", "A whole number is needed."],
])("%s %s is told, and not sent", (key, entry, error) => {
  expect(parse(fields, { [key]: entry })).toEqual({ parameters: {}, errors: { [key]: error } });
});

test.each([
  ["steps", "1"],
  ["steps", "100"],
  ["guidance", "0"],
  ["fps", "0.5"],
])("%s %s is within the bounds", (key, entry) => {
  expect(parse(fields, { [key]: entry })).toEqual({ parameters: { [key]: Number(entry) }, errors: {} });
});

test("entries of another model are left out", () => {
  expect(parse(fields, { motionScale: "2" })).toEqual({ parameters: {}, errors: {} });
});

test("a preset comes back as it was saved", () => {
  const parameters = { steps: 8, fps: 12.5, height: 256, sampler: "euler", tiling: true, seed: 0 };
  expect(parse(fields, entriesOf(parameters)).parameters).toEqual(parameters);
});

test("ranges are told without machine limits", () => {
  const ranges = fields.flatMap((field) =>
    field.kind === "integer" || field.kind === "number" ? [rangeOf(field)] : [],
  );
  expect(ranges).toEqual(["1 to 100", "0 to 20", "more than 0, at most 120", "at least 0"]);
});
