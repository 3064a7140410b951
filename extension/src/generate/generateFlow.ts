// Generate Video, asked step by step: the prompt, then what may be changed, with Generate Now one Enter away.
import * as vscode from "vscode";
import { chooseFile } from "../chooseFile";
import { Failure } from "../errors";
import { keepFile } from "../preview/startImage";
import { askBox, askList, BACK, type Pick } from "../quickInput";
import { report } from "../report";
import { defaultModel } from "../settings";
import { installedFirst, lacking, usedFirst, verification } from "../shared/models";
import { MOST_VARIATIONS } from "../shared/protocol";
import type { FileField } from "../shared/schema";
import type { ModelInfo } from "../worker/contract";
import type { Generator } from "./generator";
import { menu, modelOf, newDraft, withModel, withValues, type Choice, type Draft } from "./menu";
import { currentText, fieldPrompt, optionsOf, problemOf, withField } from "./parameterBox";
import { problemOfName, withoutPreset } from "./presets";

const TITLE = "Generate Video";

/** What to make; undefined when the person left. Rejects with a Failure when there is no worker to make it. */
export async function askForVideo(generator: Generator, startImages: string): Promise<Draft | undefined> {
  const models = generator.models();
  let draft = newDraft(defaultModel());
  for (;;) {
    const prompt = await askPrompt(TITLE, generator.history, draft.prompt, models, { step: 1, totalSteps: 2 });
    if (prompt === undefined || prompt === BACK) {
      return undefined;
    }
    const answer = await new ValuesStep(generator, await models, startImages).ask({ ...draft, prompt });
    if (answer === undefined || answer.kind === "done") {
      return answer?.draft;
    }
    draft = answer.draft;
  }
}

export function askPrompt(
  title: string,
  history: readonly string[],
  typed: string,
  models: Promise<unknown>,
  steps: { readonly step?: number; readonly totalSteps?: number } = {},
): Promise<string | typeof BACK | undefined> {
  const earlier: Pick<string>[] = [...history]
    .reverse()
    .map((prompt) => ({ label: prompt, value: prompt, iconPath: new vscode.ThemeIcon("history") }));
  return askList<string>({
    title,
    placeholder: "What should the video show? For example: a red ball bouncing on green grass",
    ...steps,
    back: false,
    typed,
    whileOpen: models,
    items: (value) => {
      const text = value.trim();
      const own: Pick<string> = { label: text, value: text, iconPath: new vscode.ThemeIcon("edit"), alwaysShow: true };
      return text === "" ? earlier : [own, ...earlier.filter((each) => each.value !== text)];
    },
  });
}

type Answer = { readonly kind: "done" | "back"; readonly draft: Draft } | undefined;

class ValuesStep {
  constructor(
    private readonly generator: Generator,
    private readonly models: readonly ModelInfo[],
    private readonly startImages: string,
  ) {}

  async ask(first: Draft): Promise<Answer> {
    let draft = this.withKnownModel(first);
    for (;;) {
      const choice = await this.choose(draft);
      if (choice === undefined) {
        return undefined;
      }
      if (choice === BACK) {
        return { kind: "back", draft };
      }
      if (choice.kind === "generate") {
        return { kind: "done", draft };
      }
      draft = await this.change(draft, choice);
    }
  }

  private model(draft: Draft): ModelInfo {
    const model = modelOf(this.models, draft.values.model);
    if (model === undefined) {
      throw new Failure("modelMissing", "The worker has no model.", "Run Set Up Worker to install it anew.");
    }
    return model;
  }

  private withKnownModel(draft: Draft): Draft {
    return withModel(draft, this.model(draft));
  }

  private choose(draft: Draft): Promise<Choice | typeof BACK | undefined> {
    const entries = menu(draft, this.model(draft), this.models, this.generator.presets);
    const items: Pick<Choice>[] = [];
    let group = "";
    for (const entry of entries) {
      if (entry.group !== group) {
        group = entry.group;
        items.push({ label: group, kind: vscode.QuickPickItemKind.Separator });
      }
      const { label, description, choice } = entry;
      items.push({ label, description, value: choice, iconPath: new vscode.ThemeIcon(entry.icon) });
    }
    return askList<Choice>({
      title: `${TITLE}: “${draft.prompt}”`,
      placeholder: "Press Enter to start, or choose what to change",
      step: 2,
      totalSteps: 2,
      back: true,
      items: () => items,
    });
  }

  /** Leaving a question leaves the draft as it is. */
  private async change(draft: Draft, choice: Exclude<Choice, { kind: "generate" }>): Promise<Draft> {
    switch (choice.kind) {
      case "field": {
        const { field } = choice;
        if (field.kind === "file") {
          return withField(draft, field, await askFile(field, currentText(draft, field)));
        }
        const options = optionsOf(field);
        const title = `${TITLE}: ${field.label}`;
        const text = options
          ? await askList({
              title,
              placeholder: field.description,
              back: true,
              items: () => options.map((option) => ({ label: option.label, value: option.text })),
            })
          : await askBox({
              title,
              back: true,
              value: currentText(draft, field),
              prompt: fieldPrompt(field),
              problem: (text) => problemOf(field, text),
            });
        return typeof text === "string" ? withField(draft, field, text) : draft;
      }
      case "negativePrompt":
        return this.askNegativePrompt(draft);
      case "count":
        return this.askCount(draft);
      case "startImage":
        return { ...draft, startImage: await askStartImage(this.startImages, draft.startImage) };
      case "model":
        return this.askModel(draft);
      case "usePreset":
        return this.askPreset(draft);
      case "savePreset":
        await this.savePreset(draft);
        return draft;
      case "reset":
        return { ...newDraft(draft.values.model), prompt: draft.prompt, startImage: draft.startImage };
    }
  }

  private async askNegativePrompt(draft: Draft): Promise<Draft> {
    const negativePrompt = await askBox({
      title: `${TITLE}: Negative Prompt`,
      back: true,
      value: draft.values.negativePrompt,
      prompt: "What the video should not show.",
      problem: () => null,
    });
    return typeof negativePrompt === "string" ? withValues(draft, { negativePrompt }) : draft;
  }

  private async askCount(draft: Draft): Promise<Draft> {
    const counts = Array.from({ length: MOST_VARIATIONS }, (_, index) => index + 1);
    const count = await askList<number>({
      title: `${TITLE}: Variations`,
      placeholder: "How many videos of this prompt to make, each with another seed",
      back: true,
      items: () => counts.map((value) => ({ label: String(value), value })),
    });
    return typeof count === "number" ? withValues(draft, { count }) : draft;
  }

  private async askModel(draft: Draft): Promise<Draft> {
    const model = await askList<ModelInfo>({
      title: `${TITLE}: Model`,
      back: true,
      items: () =>
        installedFirst(this.models).map((value) => ({
          label: value.title,
          description: [value.id, lacking(value)].filter((part) => part !== null).join(", "),
          detail: `${usableOn(value)} · ${verification(usedFirst(value))}`,
          value,
        })),
    });
    return typeof model === "object" ? withModel(draft, model) : draft;
  }

  private async askPreset(draft: Draft): Promise<Draft> {
    let presets = this.generator.presets;
    const remove: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("trash"), tooltip: "Delete this preset" };
    const name = await askList<string>({
      title: `${TITLE}: Use Preset`,
      back: true,
      items: () =>
        presets.map((preset) => ({
          label: preset.name,
          description: Object.entries(preset.values.parameters)
            .map(([key, value]) => `${key} ${JSON.stringify(value)}`)
            .join(", "),
          value: preset.name,
          buttons: [remove],
        })),
      onButton: (name) => {
        presets = withoutPreset(presets, name);
        void this.generator.deletePreset(name);
      },
    });
    const preset = presets.find((each) => each.name === name);
    return preset === undefined ? draft : this.withKnownModel({ ...draft, values: preset.values });
  }

  private async savePreset(draft: Draft): Promise<void> {
    const name = await askBox({
      title: `${TITLE}: Save as Preset`,
      back: true,
      value: "",
      prompt: "A name for these values. A preset of the same name is replaced.",
      problem: problemOfName,
    });
    if (typeof name === "string") {
      await this.generator.savePreset({ name, values: draft.values });
    }
  }
}

function usableOn(model: ModelInfo): string {
  const there = model.backends.filter((backend) => backend.available).map((backend) => backend.id);
  return there.length === 0 ? "Runs on no device of this machine" : `Runs here on: ${there.join(", ")}`;
}

/** The path of the file; leaving the dialog keeps what was chosen before. */
async function askFile(field: FileField, before: string): Promise<string> {
  if (before !== "") {
    const answer = await askList<"another" | "none">({
      title: `${TITLE}: ${field.label}`,
      back: true,
      items: () => [
        { label: "Choose Another...", value: "another" },
        { label: "None", value: "none" },
      ],
    });
    if (answer !== "another") {
      return answer === "none" ? "" : before;
    }
  }
  return (await chooseFile(field.label, field.video)) ?? before;
}

/** The path of our own copy; null for none. Leaving the dialog keeps what was chosen before. */
async function askStartImage(folder: string, before: string | null): Promise<string | null> {
  if (before !== null) {
    const answer = await askList<"another" | "none">({
      title: `${TITLE}: Start Image`,
      back: true,
      items: () => [
        { label: "Choose Another...", value: "another" },
        { label: "No Start Image", value: "none" },
      ],
    });
    if (answer !== "another") {
      return answer === "none" ? null : before;
    }
  }
  const chosen = await vscode.window.showOpenDialog({
    title: "The picture that the video begins with",
    openLabel: "Use as Start Image",
    filters: { Pictures: ["png", "jpg", "jpeg", "webp", "gif"] },
  });
  const file = chosen?.[0];
  if (file === undefined) {
    return before;
  }
  try {
    return await keepFile(folder, file.fsPath);
  } catch (error) {
    // The question goes on, so the refusal is told beside it.
    void report(error);
    return before;
  }
}
