// Frame arithmetic of a clip. A frame is found at its centre, so that rounding never shows its neighbour.

export interface Clip {
  readonly frames: number;
  readonly fps: number;
}

/** Of files that do not tell. */
const USUAL_FPS = 25;

/** What is known of a file, completed by what its player tells (`duration` in seconds, NaN when unknown). */
export function clipOf(frames: number, fps: number | null, duration: number): Clip {
  const known = Number.isFinite(duration) && duration > 0;
  const rate = fps ?? (known && frames > 1 ? frames / duration : USUAL_FPS);
  return { frames: Math.max(1, frames > 1 || !known ? frames : Math.round(duration * rate)), fps: rate };
}

/** Seconds at which exactly this frame is shown. */
export function timeOfFrame(clip: Clip, frame: number): number {
  return (clampFrame(clip, frame) + 0.5) / clip.fps;
}

/** The frame that is shown at a time. */
export function frameAt(clip: Clip, seconds: number): number {
  // A frame's first instant often arrives as a hair less: 3 / 30 * 30 is 3, but 0.29999 s is what a player reports.
  return clampFrame(clip, Math.floor(seconds * clip.fps + 0.01));
}

function clampFrame(clip: Clip, frame: number): number {
  return Math.min(Math.max(frame, 0), clip.frames - 1);
}

export const SPEEDS = [0.25, 0.5, 1, 1.5, 2] as const;

/** "0:02.4" */
export function clock(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  const whole = Math.floor(tenths / 10);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}.${tenths % 10}`;
}
