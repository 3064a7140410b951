// @vitest-environment happy-dom
// Parameters that name a file: chosen in a dialog of the extension's, typed, and sent with the prompt.
import { expect, test } from "vitest";
import { mount } from "./mount";
import { state, tiny } from "./states";

const video = { type: "string", format: "path", contentMediaType: "video/*", title: "Start video", default: null };
const models = [{ ...tiny, parametersSchema: { properties: { startVideo: video } } }];
const open = state({ interactive: true, models });
const picked = { key: "startVideo", path: "/clips/walk.mp4", number: 1 };

test("a video is chosen and sent with the prompt, and can be taken back", () => {
  const view = mount(open);
  view.click("button", "Parameters");
  view.click("button", "Choose Start video...");
  expect(view.sent).toEqual([{ type: "pickFile", key: "startVideo", video: true }]);
  view.show({ ...open, picked });
  const box = view.get("input", "Start video") as HTMLInputElement;
  expect(box.value).toBe("/clips/walk.mp4");
  const prompt = view.get("textarea", "Prompt");
  view.write(prompt, "a dog");
  view.press(prompt, "Enter");
  expect(view.sent.at(-1)).toMatchObject({ values: { parameters: { startVideo: "/clips/walk.mp4" } } });
  view.write(box, "");
  view.show({ ...open, picked, focusPrompt: 9 });
  expect(box.value).toBe("");
});

test("what was chosen before the page was loaded is not put in again", () => {
  const view = mount({ ...open, picked });
  view.click("button", "Parameters");
  expect((view.get("input", "Start video") as HTMLInputElement).value).toBe("");
});
