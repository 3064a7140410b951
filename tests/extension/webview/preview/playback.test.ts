import { expect, test } from "vitest";
import { clipOf, clock, frameAt, timeOfFrame } from "../../../../extension/src/webview/preview/playback";

test.each([8, 12, 23.976, 24, 25, 29.97, 30, 60, 120])("at %d fps each frame is found again at its centre", (fps) => {
  const clip = { frames: 500, fps };
  for (let frame = 0; frame < clip.frames; frame += 1) {
    const centre = timeOfFrame(clip, frame);
    expect(frameAt(clip, centre)).toBe(frame);
    expect(centre).toBeGreaterThan(frame / fps);
    expect(centre).toBeLessThan((frame + 1) / fps);
  }
});

test.each([8, 24, 29.97, 30])(
  "at %d fps a frame's first instant is that frame, also when it is reported a hair early",
  (fps) => {
    const clip = { frames: 500, fps };
    for (let frame = 0; frame < clip.frames; frame += 1) {
      expect(frameAt(clip, Number((frame / fps).toFixed(6)) - 1e-6)).toBe(frame);
    }
  },
);

test("steps stop at both ends", () => {
  const clip = { frames: 16, fps: 8 };
  expect(timeOfFrame(clip, -1)).toBe(timeOfFrame(clip, 0));
  expect(timeOfFrame(clip, 16)).toBe(timeOfFrame(clip, 15));
  expect(frameAt(clip, 2)).toBe(15);
  expect(frameAt(clip, -0.1)).toBe(0);
});

test("what a file does not tell comes from its length", () => {
  expect(clipOf(16, 8, NaN)).toEqual({ frames: 16, fps: 8 });
  expect(clipOf(0, 30, 2)).toEqual({ frames: 60, fps: 30 });
  expect(clipOf(48, null, 2)).toEqual({ frames: 48, fps: 24 });
  expect(clipOf(0, null, 4)).toEqual({ frames: 100, fps: 25 });
  expect(clipOf(0, null, Infinity)).toEqual({ frames: 1, fps: 25 });
});

test("times read like a clock", () => {
  expect([0, 2.04, 59.97, 61.5].map(clock)).toEqual(["0:00.0", "0:02.0", "1:00.0", "1:01.5"]);
});
