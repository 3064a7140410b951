// What the pure parts around a storyboard's text do: names, problems, requests, edits, the next prompt.
import { describe, expect, it, test } from "vitest";
import { Failure } from "../../../extension/src/errors";
import { frameOfFile, storyboardTitle } from "../../../extension/src/storyboards/fileNames";
import { diagnosticOf } from "../../../extension/src/storyboards/problems";
import { applyEdit, promptEdit } from "../../../extension/src/storyboards/promptEdit";
import { parseFrameArgument, storyboardRequest, type Wish } from "../../../extension/src/storyboards/requests";
import { storyboardView } from "../../../extension/src/storyboards/stepping";
import { boarded } from "../jobs/golden";
import { board, FILE, frame, made, problem } from "./board";

test.each([
  ["/a/video_prompts.txt", "video_prompts"],
  ["/a/fair.storyboard", "fair"],
  ["/a/fair.storyboard.txt", "fair"],
  ["/a/notes.2.TXT", "notes.2"],
  ["/a/.storyboard", ".storyboard"],
  ["/a/fair", "fair"],
])("%s is called %s", (file, title) => {
  expect(storyboardTitle(file)).toBe(title);
});

test.each([
  ["/a/frames/frame_000.png", 0],
  ["/a/frames/frame_1234.png", 1234],
  ["/a/clip.mp4", null],
  ["/a/frame_1.png.partial", null],
  ["/a/my_frame_1.png", null],
])("%s is frame %s", (path, number) => {
  expect(frameOfFile(path)).toBe(number);
});

describe("problems", () => {
  it("stand where they are, and can be seen where nothing stands", () => {
    const empty = problem({ line: 0, column: 2, endColumn: 2 });
    expect(diagnosticOf(board({ problems: [problem(), empty] }), null)).toEqual([
      problem(),
      { ...empty, endColumn: 3 },
    ]);
  });

  it("what the worker refuses is told on the first line; a worker that is not there is told elsewhere", () => {
    const refused = new Failure("invalidParameters", "It is too long.", "Make it shorter.");
    expect(diagnosticOf(null, refused)).toEqual([
      { line: 0, column: 0, endColumn: 1, severity: "error", message: "It is too long. Make it shorter." },
    ]);
    expect(diagnosticOf(null, new Failure("notSetUp", "No worker.", "Set it up."))).toEqual([]);
    expect(diagnosticOf(null, null)).toEqual([]);
  });
});

describe("requests", () => {
  const defaults = { device: "auto", outputFolder: "/out", metadata: true };
  const ask = (wish: Wish, text: string | null = null) =>
    storyboardRequest(FILE, text, wish, [frame(0), frame(1), frame(2)], defaults);

  it("hold the text of the editor when it is not what is on disk", () => {
    expect(ask({ kind: "all" }, "a ball")).toEqual({ kind: "storyboard", file: FILE, text: "a ball", ...defaults });
    expect(ask({ kind: "all" }).text).toBeNull();
  });

  it("name the frames that are meant, and draw no others", () => {
    expect(ask({ kind: "only", frame: 1 })).toMatchObject({ only: [1] });
    expect(ask({ kind: "only", frame: 1 })).not.toHaveProperty("reroll");
    expect(ask({ kind: "from", frame: 1 })).toMatchObject({ only: [1, 2] });
    expect(ask({ kind: "reroll", frame: 1 })).toMatchObject({ only: [1], reroll: [1] });
    expect(ask({ kind: "adopt", folder: "/a" })).toMatchObject({ adopt: "/a", only: [] });
  });

  it("are made of a file and a frame, and of nothing else", () => {
    expect(parseFrameArgument({ file: FILE, frame: 3 })).toEqual({ file: FILE, frame: 3 });
    const wrong = [undefined, null, 3, FILE, {}, { file: FILE }, { file: "", frame: 1 }, { file: FILE, frame: -1 }];
    for (const value of [...wrong, { file: FILE, frame: 0.5 }, { file: 3, frame: 3 }]) {
      expect(() => parseFrameArgument(value)).toThrow(Failure);
    }
  });
});

describe("other words for a prompt", () => {
  const edited = (lines: string[], place: { line: number; endLine: number; prompt: string }, words: string) => {
    const edit = promptEdit(lines, frame(0, place), words);
    return edit === null ? null : applyEdit(lines, edit);
  };

  it("replace the words and keep what follows the bar", () => {
    const lines = ["# fair", "a red ball  | seed=7 hold=2s  ", "a blue ball"];
    const place = { line: 1, endLine: 1, prompt: "a red ball" };
    expect(edited(lines, place, " a  green\nball ")).toEqual([
      "# fair",
      "a green ball | seed=7 hold=2s",
      "a blue ball",
    ]);
  });

  it("change nothing when they are the same", () => {
    expect(edited(["a  red ball"], { line: 0, endLine: 0, prompt: "a red ball" }, "a red\nball")).toBeNull();
  });

  it("of a prompt over several lines become one, after its comments", () => {
    const lines = ["a red ball", "  # or blue?", "on grass | motion=zoom-in", "", "next"];
    expect(edited(lines, { line: 0, endLine: 2, prompt: "a red ball on grass" }, "a cat")?.join("\n")).toBe(
      "  # or blue?\na cat | motion=zoom-in\n\nnext",
    );
  });

  it("may hold bars, which are no overrides", () => {
    const lines = ["this \\| that | seed=1"];
    expect(edited(lines, { line: 0, endLine: 0, prompt: "this | that" }, "this | there")).toEqual([
      "this \\| there | seed=1",
    ]);
  });
});

describe("the prompt box", () => {
  it("has the first prompt without its frame ready", () => {
    const frames = [made(0), made(1, { state: "changed" }), frame(2)];
    expect(storyboardView(FILE, board({ frames }), null, [])).toEqual({
      file: FILE,
      title: "video_prompts",
      model: "tiny",
      made: 1,
      frames: 3,
      next: { number: 1, prompt: "prompt 1", making: null },
      problem: null,
    });
  });

  it("says how far the frame is, and has none when all are made", () => {
    const job = boarded("running", { only: [0] });
    expect(storyboardView(FILE, board(), null, [job]).next).toMatchObject({ number: 0, making: "denoising 5 of 12" });
    expect(storyboardView(FILE, board(), null, [boarded("running", { only: [1] })]).next?.making).toBeNull();
    expect(storyboardView(FILE, board({ frames: [made(0)] }), null, []).next).toBeNull();
  });

  it("says why it cannot go on", () => {
    const broken = board({ problems: [problem({ severity: "warning" }), problem()] });
    expect(storyboardView(FILE, broken, null, []).problem).toBe("Line 4: That is no key.");
    const gone = new Failure("notFound", "It is gone.", "Choose another.");
    expect(storyboardView(FILE, null, gone, []).problem).toBe("It is gone. Choose another.");
    expect(storyboardView(FILE, null, new Failure("cancelled", "not yet", ""), []).problem).toBeNull();
    expect(storyboardView(FILE, null, null, []).problem).toBeNull();
  });
});
