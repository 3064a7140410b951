// From a lesson's Markdown to its buttons, code blocks and links by number, and to HTML that names nothing but the numbers.
import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import json from "highlight.js/lib/languages/json";
import plaintext from "highlight.js/lib/languages/plaintext";
import python from "highlight.js/lib/languages/python";
import MarkdownIt from "markdown-it";
import type Token from "markdown-it/lib/token.mjs";
import { posix } from "node:path";
import { parseCommandLink } from "./allowedCommands";
import type { Problem } from "./frontMatter";
import type { Body, Button, CodeBlock, Lesson, Reference, Step } from "./lesson";
import { unknownPlaceholder, withProjectPath } from "./projectPath";
import { terminalText } from "./terminalText";

hljs.registerLanguage("bash", bash);
hljs.registerLanguage("json", json);
hljs.registerLanguage("plaintext", plaintext);
hljs.registerLanguage("python", python);

/** What a token became; the renderer has nothing else to go by. */
type Meaning =
  | { readonly kind: "button"; readonly number: number; readonly label: string; readonly inStep: boolean }
  | { readonly kind: "lesson"; readonly id: string }
  | { readonly kind: "external"; readonly number: number; readonly url: string }
  | { readonly kind: "image"; readonly path: string }
  | { readonly kind: "code"; readonly number: number; readonly block: CodeBlock }
  | { readonly kind: "step"; readonly number: number }
  | { readonly kind: "refused" };

/** What is where on this machine. */
export interface Places {
  /** The address of a picture in the page, by its path from the extension's root */
  readonly image: (path: string) => string;
  /** The folder of the deployed package */
  readonly project: string;
}

interface Environment extends Places {
  readonly drawings: Readonly<Record<string, string>>;
}

const markdown = new MarkdownIt({ html: false }).disable("code");
// Links are judged below, where a refusal can be told; left to markdown-it, they would turn into text unseen.
markdown.validateLink = () => true;
markdown.normalizeLink = (url) => url;
const withHtml = new MarkdownIt({ html: true }).disable("code");
const escape = markdown.utils.escapeHtml;

/** `body` is the file without its front matter, with as many lines. */
export function parseBody(body: string): { readonly body: Body; readonly problems: readonly Problem[] } {
  const reader = new Reader(markdown.parse(body, {}));
  return { body: reader.read(), problems: [...reader.problems, ...findHtml(body)] };
}

export function renderBody({ tokens, drawings }: Pick<Lesson, "tokens" | "drawings">, places: Places): string {
  return markdown.renderer.render(tokens, markdown.options, { ...places, drawings } satisfies Environment);
}

/** `terminal` is the line for Run in Terminal; none when the block has none. */
export function shownCode(
  { language, text }: CodeBlock,
  project: string,
): { readonly text: string; readonly terminal: string | null } {
  const shown = withProjectPath(text, project);
  return { text: shown, terminal: terminalText(language, shown) };
}

class Reader {
  readonly problems: Problem[] = [];
  readonly #buttons: Button[] = [];
  readonly #blocks: CodeBlock[] = [];
  readonly #steps: { title: string; buttons: number[] }[] = [];
  readonly #links: string[] = [];
  readonly #lessons: Reference[] = [];
  readonly #images: Reference[] = [];
  #step: { buttons: number[] } | undefined;

  constructor(private readonly tokens: Token[]) {}

  read(): Body {
    this.tokens.forEach((token, index) => {
      const line = (token.map?.[0] ?? 0) + 1;
      if (token.type === "heading_open") {
        this.#readHeading(token, this.tokens[index + 1]?.content ?? "", line);
      } else if (token.type === "fence") {
        this.#readCode(token, line);
      } else if (token.type === "inline") {
        this.#readInline(token.children ?? [], line);
      } else if (token.type === "th_open" || token.type === "td_open") {
        withoutStyle(token);
      }
    });
    return {
      tokens: this.tokens,
      buttons: this.#buttons,
      blocks: this.#blocks,
      steps: this.#steps satisfies Step[],
      links: this.#links,
      lessons: this.#lessons,
      images: this.#images,
    };
  }

  #readHeading(token: Token, text: string, line: number): void {
    if (token.tag === "h1") {
      this.problems.push({ line, message: "a first-level heading: the title is in the front matter" });
    }
    if (token.tag !== "h1" && token.tag !== "h2") {
      return;
    }
    this.#step = undefined;
    const [, number, title] = /^(\d+)\. (.+)$/.exec(text) ?? [];
    if (title === undefined) {
      return;
    }
    if (Number(number) !== this.#steps.length + 1) {
      this.problems.push({ line, message: `step ${String(number)} comes where ${this.#steps.length + 1} is due` });
    }
    mean(token, { kind: "step", number: this.#steps.length });
    const step = { title, buttons: [] };
    this.#steps.push(step);
    this.#step = step;
  }

  #readCode(token: Token, line: number): void {
    const language = token.info.trim();
    if (language !== "" && hljs.getLanguage(language) === undefined) {
      this.problems.push({ line, message: `no colours for the language "${language}"` });
    }
    const text = token.content.replace(/\n$/, "");
    const placeholder = unknownPlaceholder(language, text);
    if (placeholder !== null) {
      this.problems.push({ line, message: `nothing stands for ${placeholder} in such a block` });
    }
    const block = { language, text };
    mean(token, { kind: "code", number: this.#blocks.length, block });
    this.#blocks.push(block);
  }

  #readInline(children: Token[], firstLine: number): void {
    let line = firstLine;
    let open: Meaning = { kind: "refused" };
    children.forEach((token, index) => {
      if (token.type === "softbreak" || token.type === "hardbreak") {
        line += 1;
      } else if (token.type === "link_open") {
        open = this.#readLink(token.attrGet("href") ?? "", textUntilClose(children, index + 1), line);
        mean(token, open);
      } else if (token.type === "link_close") {
        mean(token, open);
      } else if (token.type === "image") {
        mean(token, this.#readImage(token, line));
      }
    });
  }

  #readLink(href: string, label: string, line: number): Meaning {
    if (href.startsWith("command:")) {
      return this.#readButton(href, label, line);
    }
    const lesson = /^(?:\.\/)?([a-z0-9-]+)\.md$/.exec(href)?.[1];
    if (lesson !== undefined) {
      this.#lessons.push({ target: lesson, line });
      return { kind: "lesson", id: lesson };
    }
    const url = externalUrl(href);
    if (url === null) {
      return this.#refuse(line, `the link "${href}" leads neither to a lesson nor to a site`);
    }
    this.#links.push(url);
    return { kind: "external", number: this.#links.length - 1, url };
  }

  #readButton(href: string, label: string, line: number): Meaning {
    const link = parseCommandLink(href);
    if (typeof link === "string") {
      return this.#refuse(line, link);
    }
    if (label.trim() === "") {
      return this.#refuse(line, "a button without a text");
    }
    const number = this.#buttons.length;
    const same = this.#buttons.filter((button) => button.key.startsWith(`${href}\n`)).length;
    this.#buttons.push({ ...link, label, key: `${href}\n${same}` });
    this.#step?.buttons.push(number);
    return { kind: "button", number, label, inStep: this.#step !== undefined };
  }

  #readImage(token: Token, line: number): Meaning {
    const source = token.attrGet("src") ?? "";
    const path = imagePath(source);
    if (path === null) {
      return this.#refuse(line, `the picture "${source}" is not a file of lessons/ or media/`);
    }
    if (token.content.trim() === "") {
      this.problems.push({ line, message: `the picture "${source}" has no text for those who cannot see it` });
    }
    this.#images.push({ target: path, line });
    return { kind: "image", path };
  }

  #refuse(line: number, message: string): Meaning {
    this.problems.push({ line, message });
    return { kind: "refused" };
  }
}

function mean(token: Token, meaning: Meaning): void {
  token.meta = meaning;
}

function meaningOf(token: Token | undefined): Meaning {
  return (token?.meta as Meaning | null | undefined) ?? { kind: "refused" };
}

function textUntilClose(tokens: readonly Token[], from: number): string {
  const rest = tokens.slice(from);
  const end = rest.findIndex((token) => token.type === "link_close");
  return rest
    .slice(0, end)
    .map((token) => token.content)
    .join("");
}

/** The style attribute of aligned cells would be refused by the page's policy. */
function withoutStyle(token: Token): void {
  const align = /text-align:(left|right|center)/.exec(token.attrGet("style") ?? "")?.[1];
  token.attrs = align === undefined ? null : [["class", `align-${align}`]];
}

function externalUrl(href: string): string | null {
  const url = URL.canParse(href) ? new URL(href) : null;
  return url && ["https:", "http:"].includes(url.protocol) && url.username === "" && url.password === ""
    ? url.href
    : null;
}

/** From the extension's root; none when it leaves lessons/ and media/ or is no picture. */
function imagePath(source: string): string | null {
  if (!/^[\w./-]+\.(png|jpe?g|gif|webp|svg)$/.test(source) || source.startsWith("/")) {
    return null;
  }
  const path = posix.join("lessons", source);
  return path.startsWith("lessons/") || path.startsWith("media/") ? path : null;
}

function findHtml(body: string): Problem[] {
  return withHtml.parse(body, {}).flatMap((token) => {
    const line = (token.map?.[0] ?? 0) + 1;
    const isHtml = [token, ...(token.children ?? [])].some(
      ({ type }) => type === "html_block" || type === "html_inline",
    );
    return isHtml ? [{ line, message: "HTML, which is not rendered" }] : [];
  });
}

const rules = markdown.renderer.rules;

rules["heading_open"] = (tokens, index) => {
  const token = tokens[index];
  const meaning = meaningOf(token);
  if (meaning.kind !== "step") {
    return `<${token?.tag ?? "p"}>`;
  }
  return `<h2 data-step="${meaning.number}"><span class="tick" aria-hidden="true"></span>`;
};

rules["heading_close"] = (tokens, index) => {
  const isStep = meaningOf(tokens[index - 2]).kind === "step";
  return `${isStep ? '<span class="unseen" data-step-state></span>' : ""}</${tokens[index]?.tag ?? "p"}>\n`;
};

rules["link_open"] = (tokens, index) => {
  const meaning = meaningOf(tokens[index]);
  if (meaning.kind === "button") {
    const look = meaning.inStep ? "primary" : "secondary";
    return `<span class="action" data-action="${meaning.number}"><button type="button" class="${look}" data-press>`;
  }
  if (meaning.kind === "lesson") {
    return `<button type="button" class="link" data-lesson="${escape(meaning.id)}">`;
  }
  if (meaning.kind === "external") {
    return `<a href="${escape(meaning.url)}" title="${escape(meaning.url)}" data-link="${meaning.number}">`;
  }
  return "<span>";
};

rules["link_close"] = (tokens, index) => {
  const meaning = meaningOf(tokens[index]);
  if (meaning.kind === "button") {
    const name = escape(meaning.label);
    return (
      `</button><button type="button" class="secondary" data-cancel hidden aria-label="Cancel: ${name}">Cancel</button>` +
      `<progress max="1" hidden aria-label="Progress of: ${name}"></progress><span class="detail"></span></span>`
    );
  }
  return meaning.kind === "lesson" ? "</button>" : meaning.kind === "external" ? "</a>" : "</span>";
};

rules.image = (tokens, index, _options, environment: Environment) => {
  const token = tokens[index];
  const meaning = meaningOf(token);
  const text = escape(token?.content ?? "");
  const drawing = meaning.kind === "image" ? environment.drawings[meaning.path] : undefined;
  if (drawing !== undefined) {
    return `<span class="drawing">${drawing}</span>`;
  }
  return meaning.kind === "image" ? `<img src="${escape(environment.image(meaning.path))}" alt="${text}" />` : text;
};

rules.fence = (tokens, index, _options, environment: Environment) => {
  const meaning = meaningOf(tokens[index]);
  if (meaning.kind !== "code") {
    return "";
  }
  const { number, block } = meaning;
  const language = hljs.getLanguage(block.language) === undefined ? "plaintext" : block.language;
  const { text, terminal } = shownCode(block, environment.project);
  const coloured = hljs.highlight(text, { language, ignoreIllegals: true }).value;
  const name = `code block ${number + 1}`;
  const run =
    terminal === null
      ? ""
      : `<button type="button" class="secondary" data-terminal="${number}" aria-label="Run in Terminal: ${name}" title="Puts this into a new terminal. Press Enter there to run it.">Run in Terminal</button>`;
  return (
    `<div class="code"><pre tabindex="0" role="group" aria-label="${name}"><code>${coloured}</code></pre><div class="code-actions">` +
    `<button type="button" class="secondary" data-copy="${number}" aria-label="Copy: ${name}">Copy</button>${run}</div></div>\n`
  );
};

rules["table_open"] = () => '<div class="table" tabindex="0" role="group" aria-label="Table"><table>\n';
rules["table_close"] = () => "</table></div>\n";
