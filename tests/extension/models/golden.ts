// The golden models of the worker's tests, and one that is not bundled as it would be if it were there.
import list from "../../contract/golden/method.models-list.json";
import removed from "../../contract/golden/method.models-remove.json";
import type { Checkpoint, Models } from "../../../extension/src/worker/contract";

export const SDXL = "stabilityai/stable-diffusion-xl-base-1.0";

/** The bundled model, and SDXL with these changes. */
export function models(change: Partial<Checkpoint> = {}, free = 120e9): Models {
  const bundled = list.result as unknown as Models;
  const [sdxl] = (removed.result as unknown as Models).models;
  const others =
    sdxl === undefined ? [] : [{ ...sdxl, checkpoints: sdxl.checkpoints.map((each) => ({ ...each, ...change })) }];
  return { ...bundled, models: [...bundled.models, ...others], freeBytes: free };
}
