// Waiting for a condition instead of for time.
import { setTimeout } from "node:timers/promises";

/** The first value of `condition` that is neither false nor undefined; fails, naming what was waited for. */
export async function until<T>(
  condition: () => T | false | undefined | Promise<T | false | undefined>,
  what: string,
  seconds = 60,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== undefined) {
      return value;
    }
    if (Date.now() > deadline) {
      throw new Error(`Waited ${seconds} s for ${what}.`);
    }
    await setTimeout(25);
  }
}
