import { describe, expect, it } from "vitest";
import {
  downloadable,
  downloadQuestion,
  named,
  removable,
  removalQuestion,
  whyNoRoom,
  type ModelRow,
} from "../../../extension/src/models/modelRows";
import type { Checkpoint } from "../../../extension/src/worker/contract";
import { models, SDXL } from "./golden";

const HERE = { installed: true, diskBytes: 6_937_675_734, folder: "/home/ada/sdxl" };

function row(change: Partial<Checkpoint> = {}): ModelRow {
  const list = models(change);
  const [found] = [...downloadable(list), ...removable(list)];
  if (found === undefined) {
    throw new Error("there is no row");
  }
  return found;
}

describe("models", () => {
  it("can be downloaded unless they are there or bundled", () => {
    expect(downloadable(models())).toMatchObject([
      {
        model: "sdxl",
        label: "Stable Diffusion XL",
        description: "6.9 GB",
        detail: `openrail++ · ${SDXL} · Verified on cpu with tiny random weights against diffusers' own pipeline, in the tests`,
      },
    ]);
    expect(downloadable(models({ gated: true }))[0]?.detail).toContain("licence must be accepted");
    expect(downloadable(models({ diskBytes: 2e9 }))[0]?.description).toBe("2.0 GB of 6.9 GB are here");
    expect(downloadable(models(HERE))).toEqual([]);
  });

  it("can be removed when they take room, half a download too, but never the bundled one", () => {
    expect(removable(models())).toEqual([]);
    expect(removable(models(HERE)).map(({ model, description }) => [model, description])).toEqual([["sdxl", "6.9 GB"]]);
    expect(removable(models({ diskBytes: 5 })).map(({ model }) => model)).toEqual(["sdxl"]);
  });

  it("are found by their family or their own name", () => {
    const rows = downloadable(models());
    expect([named(rows, "sdxl"), named(rows, SDXL)]).toEqual([rows[0], rows[0]]);
    expect([named(rows, "1f0c9a2e"), named(rows, undefined), named(rows, { id: "sdxl" })]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe("before a download", () => {
  it("size, licence and free room are said", () => {
    expect(downloadQuestion(row(), models())).toEqual({
      text: "Download Stable Diffusion XL (6.9 GB)?",
      detail: "Licence: openrail++. 120 GB are free for /home/ada/.cache/huggingface/hub.",
    });
    expect(downloadQuestion(row({ gated: true, diskBytes: 1e9 }), models()).detail).toBe(
      "Licence: openrail++. Only those may download it who have accepted its licence at" +
        ` https://huggingface.co/${SDXL} and give a token.` +
        " 120 GB are free for /home/ada/.cache/huggingface/hub. 1.0 GB of it are here already.",
    );
  });

  it("what does not fit is not begun", () => {
    expect(whyNoRoom(row(), models({}, 7e9))).toBeNull();
    expect(whyNoRoom(row(), models({}, 6e9))).toBe(
      "Stable Diffusion XL needs 6.9 GB more, and 6.0 GB are free for /home/ada/.cache/huggingface/hub.",
    );
    expect(whyNoRoom(row({ diskBytes: 2e9 }), models({}, 6e9))).toBeNull();
  });
});

it("before a removal, place and size are said", () => {
  expect(removalQuestion(row(HERE))).toEqual({
    text: "Delete Stable Diffusion XL from this machine?",
    detail: "6.9 GB in /home/ada/sdxl. It can be downloaded again.",
  });
});
