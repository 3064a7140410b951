// The lessons in the sidebar, by category, with how far each is.
import * as vscode from "vscode";
import { CATEGORIES, type Category } from "./frontMatter";
import type { Lesson } from "./lesson";
import { minutes } from "./pageBody";
import type { Progress } from "./progress";

interface Group {
  readonly category: Category;
  readonly lessons: readonly Lesson[];
}

type Node = Group | Lesson;

export class LessonTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(
    private readonly lessons: () => Promise<readonly Lesson[]>,
    private readonly progress: Progress,
  ) {}

  update(): void {
    this.#changed.fire();
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (node === undefined) {
      return grouped(await this.lessons());
    }
    return "steps" in node ? [] : [...node.lessons];
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return "steps" in node ? this.#lessonItem(node) : categoryItem(node.category);
  }

  dispose(): void {
    this.#changed.dispose();
  }

  #lessonItem(lesson: Lesson): vscode.TreeItem {
    const steps = this.progress.steps(lesson);
    const done = steps.filter(Boolean).length;
    const soFar = `${done} of ${steps.length} steps`;
    const notes = [done === 0 ? minutes(lesson) : soFar, lesson.status === "validated" ? null : lesson.status];
    const item = new vscode.TreeItem(lesson.title);
    item.id = lesson.id;
    item.description = notes.filter((note) => note !== null).join(", ");
    item.tooltip = `${lesson.description}\n${minutes(lesson)}, ${soFar} done`;
    item.accessibilityInformation = { label: `${lesson.title}, ${minutes(lesson)}, ${soFar} done` };
    item.iconPath = icon(lesson, done, steps.length);
    item.command = { command: "ttVideo.openLesson", title: "Open Lesson", arguments: [lesson.id] };
    return item;
  }
}

function grouped(lessons: readonly Lesson[]): Group[] {
  const groups = new Map<Category, Lesson[]>();
  for (const lesson of lessons) {
    groups.set(lesson.category, [...(groups.get(lesson.category) ?? []), lesson]);
  }
  return [...groups].map(([category, members]) => ({ category, lessons: members }));
}

function categoryItem(category: Category): vscode.TreeItem {
  const item = new vscode.TreeItem(CATEGORIES[category], vscode.TreeItemCollapsibleState.Expanded);
  item.id = `category ${category}`;
  return item;
}

function icon(lesson: Lesson, done: number, steps: number): vscode.ThemeIcon {
  if (done === steps) {
    return new vscode.ThemeIcon("pass-filled", new vscode.ThemeColor("testing.iconPassed"));
  }
  if (lesson.status === "blocked") {
    return new vscode.ThemeIcon("circle-slash");
  }
  return new vscode.ThemeIcon(done === 0 ? "circle-large-outline" : "play-circle");
}
