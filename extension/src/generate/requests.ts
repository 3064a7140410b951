// What is asked of the worker for a prompt and values, and for making something again. Pure.
import type { FormValues } from "../shared/protocol";
import type { GenerateRequestInput, Job, JsonValue, StitchRequestInput } from "../worker/contract";

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

/** The request that makes the same clip, or one that differs in the seed only. */
export function againRequest(
  job: Job,
  newSeed: boolean,
  outputFolder: string,
): { method: "jobs/submit"; params: GenerateRequestInput } | { method: "jobs/stitch"; params: StitchRequestInput } {
  if (job.request.kind === "stitch") {
    return { method: "jobs/stitch", params: { ...job.request, outputFolder } };
  }
  // What was drawn is in the effective parameters; the request may have left it open.
  const { seed: asked, ...parameters } = job.request.parameters;
  const seed = job.parameters["seed"] ?? asked;
  const kept = newSeed || seed === undefined ? parameters : { ...parameters, seed };
  return { method: "jobs/submit", params: { ...job.request, parameters: kept, outputFolder } };
}
