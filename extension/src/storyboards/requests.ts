// What is asked of the worker for a storyboard, and what its commands may be called with. Pure.
import { Failure } from "../errors";
import type { Defaults } from "../generate/requests";
import type { StoryboardFrame, StoryboardRequestInput } from "../worker/contract";
import type { FrameArgument } from "./lenses";

export type Wish =
  | { readonly kind: "all" }
  | { readonly kind: "only" | "reroll" | "from"; readonly frame: number }
  | { readonly kind: "adopt"; readonly folder: string };

/** `text` is what the editor shows when that is not what is on disk. */
export function storyboardRequest(
  file: string,
  text: string | null,
  wish: Wish,
  frames: readonly StoryboardFrame[],
  defaults: Defaults,
): StoryboardRequestInput {
  const request = { kind: "storyboard", file, text, ...defaults } as const;
  switch (wish.kind) {
    case "all":
      return request;
    case "only":
      return { ...request, only: [wish.frame] };
    case "reroll":
      return { ...request, only: [wish.frame], reroll: [wish.frame] };
    case "from":
      return { ...request, only: frames.map(({ number }) => number).filter((number) => number >= wish.frame) };
    case "adopt":
      // Nothing is drawn: what is taken over may be all that is wanted.
      return { ...request, adopt: wish.folder, only: [] };
  }
}

/** Throws a Failure when it is not `{file, frame}`. */
export function parseFrameArgument(value: unknown): FrameArgument {
  if (typeof value === "object" && value !== null && "file" in value && "frame" in value) {
    const { file, frame } = value;
    if (typeof file === "string" && file !== "" && typeof frame === "number" && Number.isInteger(frame) && frame >= 0) {
      return { file, frame };
    }
  }
  throw new Failure(
    "invalidParameters",
    "The command was called with something that is no frame of a storyboard.",
    "Open the storyboard's file and use the links above its prompts.",
  );
}
