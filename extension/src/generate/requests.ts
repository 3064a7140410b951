// What is asked of the worker for a prompt and values, and for making something again. Pure.
import type { FormValues } from "../shared/protocol";
import { Failure } from "../errors";
import type {
  AnimateRequestInput,
  CompareRequestInput,
  GenerateRequestInput,
  Job,
  JsonValue,
  StitchRequestInput,
} from "../worker/contract";

/** What the settings say about every request. */
export interface Defaults {
  readonly device: string;
  readonly outputFolder: string;
  readonly metadata: boolean;
}

export function generateRequest(
  prompt: string,
  values: FormValues,
  startImage: string | null,
  defaults: Defaults,
): GenerateRequestInput {
  return {
    kind: "generate",
    model: values.model,
    prompt: prompt.trim(),
    negativePrompt: values.negativePrompt.trim(),
    parameters: startImage === null ? values.parameters : { ...values.parameters, startImage },
    ...defaults,
  };
}

/** The request of the variation with this number, when the first was drawn this seed. */
export function variation(request: GenerateRequestInput, seed: JsonValue, number: number): GenerateRequestInput {
  const next = typeof seed === "number" ? { seed: seed + number } : {};
  return { ...request, parameters: { ...request.parameters, ...next } };
}

type Again =
  | { readonly method: "jobs/submit"; readonly params: GenerateRequestInput }
  | { readonly method: "jobs/stitch"; readonly params: StitchRequestInput }
  | { readonly method: "jobs/animate"; readonly params: AnimateRequestInput }
  | { readonly method: "jobs/compare"; readonly params: CompareRequestInput };

/** The request that makes the same clip, or one that differs in the seed only. Throws a Failure for a storyboard or download. */
export function againRequest({ request, parameters }: Job, newSeed: boolean, outputFolder: string): Again {
  switch (request.kind) {
    case "generate": {
      // What was drawn is in the effective parameters; the request may have left it open.
      const { seed: asked, ...others } = request.parameters;
      const seed = parameters["seed"] ?? asked;
      const kept = newSeed || seed === undefined ? others : { ...others, seed };
      return { method: "jobs/submit", params: { ...request, parameters: kept, outputFolder } };
    }
    case "stitch":
      return { method: "jobs/stitch", params: { ...request, outputFolder } };
    case "animate":
      return { method: "jobs/animate", params: { ...request, outputFolder } };
    case "compare":
      return { method: "jobs/compare", params: { ...request, outputFolder } };
    case "storyboard":
      throw new Failure(
        "unsupported",
        "A storyboard is not made again as a whole.",
        "Open its file: above each prompt, its frame can be made again with another seed.",
      );
    case "download":
      throw new Failure("unsupported", "A download is not made again.", "Resume it if it stopped before its end.");
  }
}
