// Run Experiment, asked step by step: the prompt, what to vary, and its values.
import * as vscode from "vscode";
import { Failure } from "../errors";
import { plural } from "../jobs/view";
import { askBox, askList, BACK, type Pick } from "../quickInput";
import { defaultModel } from "../settings";
import { textOf, type Field } from "../shared/schema";
import type { JsonValue, ModelInfo } from "../worker/contract";
import {
  allValues,
  clipsOf,
  MOST_CLIPS,
  suggested,
  valuesOf,
  variable,
  type Experiment,
  type Vary,
} from "./experiment";
import { askPrompt } from "./generateFlow";
import type { Generator } from "./generator";
import { modelOf, newDraft } from "./menu";
import { fieldPrompt } from "./parameterBox";

const TITLE = "Run Experiment";

/** What to compare; undefined when the person left. Rejects with a Failure when there is no worker to make it. */
export async function askForExperiment(generator: Generator): Promise<Experiment | undefined> {
  const models = generator.models();
  const prompt = await askPrompt(TITLE, generator.history, "", models);
  if (prompt === undefined || prompt === BACK) {
    return undefined;
  }
  const model = modelOf(await models, defaultModel());
  if (model === undefined) {
    throw new Failure("modelMissing", "The worker has no model.", "Run Set Up Worker to install it anew.");
  }
  const vary = await askWhatToVary(model);
  return vary === undefined ? undefined : { prompt, values: newDraft(model.id).values, vary };
}

async function askWhatToVary(model: ModelInfo): Promise<Vary | undefined> {
  let vary: Vary = {};
  for (;;) {
    const field = await chooseField(model, vary);
    if (field === undefined || field === BACK) {
      return undefined;
    }
    if (field === "run") {
      return vary;
    }
    const values = allValues(field) ?? (await askValues(model, field));
    if (values !== undefined) {
      vary = { ...vary, [field.key]: values };
    }
  }
}

function chooseField(model: ModelInfo, vary: Vary): Promise<Field | "run" | typeof BACK | undefined> {
  const clips = clipsOf(vary);
  const chosen = Object.entries(vary).map(([key, values]) => `${key} ${values.map(textOf).join(", ")}`);
  const run: Pick<Field | "run"> = {
    label: `Make ${plural(clips, "Video")}`,
    description: chosen.join("; "),
    iconPath: new vscode.ThemeIcon("play"),
    value: "run",
  };
  const fields = variable(model).map((field) => ({
    label: field.label,
    description: field.key in vary ? textOf([...(vary[field.key] ?? [])]) : "",
    detail: field.description,
    value: field,
  }));
  const canRun = clips >= 2 && clips <= MOST_CLIPS;
  return askList<Field | "run">({
    title: TITLE,
    placeholder:
      clips > MOST_CLIPS
        ? `These are ${clips} videos; an experiment has at most ${MOST_CLIPS}. Choose fewer values.`
        : canRun
          ? "Press Enter to start, or vary one more"
          : "What should differ from video to video?",
    back: false,
    items: () => (canRun ? [run, ...fields] : fields),
  });
}

async function askValues(model: ModelInfo, field: Field): Promise<readonly JsonValue[] | undefined> {
  const text = await askBox({
    title: `${TITLE}: ${field.label}`,
    back: true,
    value: suggested(model, field.key),
    prompt: `The values, with commas between them. ${fieldPrompt(field)}`,
    problem: (typed) => {
      const values = valuesOf(field, typed);
      return typeof values === "string" ? values : null;
    },
  });
  const values = typeof text === "string" ? valuesOf(field, text) : undefined;
  return typeof values === "string" ? undefined : values;
}
