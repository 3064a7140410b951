import { expect, test } from "vitest";
import { typed, walk } from "../../../../extension/src/webview/preview/history";

const history = ["oldest", "middle", "newest"];

test("up goes to older prompts and stops at the oldest", () => {
  let at = typed("");
  const seen = [1, 2, 3, 4].map(() => (at = walk(at, history, 1)).text);
  expect(seen).toEqual(["newest", "middle", "oldest", "oldest"]);
});

test("down comes back to what was being typed, and stops there", () => {
  let at = walk(walk(typed("my draft"), history, 1), history, 1);
  const seen = [1, 2, 3].map(() => (at = walk(at, history, -1)).text);
  expect(seen).toEqual(["newest", "my draft", "my draft"]);
});

test("an old prompt that was changed is the draft from then on", () => {
  const changed = typed(`${walk(typed("lost"), history, 1).text} and more`);
  const away = walk(changed, history, 1);
  expect(away.text).toBe("newest");
  expect(walk(away, history, -1).text).toBe("newest and more");
});

test("without a history nothing moves", () => {
  const at = typed("draft");
  expect(walk(at, [], 1)).toBe(at);
  expect(walk(at, [], -1)).toBe(at);
});
