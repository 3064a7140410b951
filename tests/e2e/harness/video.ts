import { expect, type FrameLocator, type Locator } from "@playwright/test";

/** What the bundled model makes. */
const SIDE = 128;

/** The preview's video, when it shows a clip of this prompt. */
export function videoOf(preview: FrameLocator, prompt: string): Locator {
  // The folder of a job is named after its prompt.
  return preview.locator(`video[src*="${prompt.replaceAll(" ", "-").slice(0, 40)}"]`);
}

export async function expectPlays(video: Locator, side = SIDE): Promise<void> {
  await expect(video).toBeVisible();
  await expect(video).toHaveJSProperty("videoWidth", side);
  await expect(video).toHaveJSProperty("videoHeight", side);
  await expect(video).toHaveJSProperty("paused", false);
  const before = await currentTime(video);
  await expect.poll(() => currentTime(video), "the video moves").not.toBe(before);
}

function currentTime(video: Locator): Promise<number> {
  return video.evaluate((element: HTMLVideoElement) => element.currentTime);
}
