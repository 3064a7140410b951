// Text of a lesson that wants to run or load something of its own: the page must hold nothing of it but text.
import { Window } from "happy-dom";
import { describe, expect, test } from "vitest";
import { parseLesson } from "../../../extension/src/lessons/lesson";
import { pageBody } from "../../../extension/src/lessons/pageBody";
import { HEAD, lessonOf } from "./source";

const { DOMParser } = new Window();

function pageOf(body: string, head = HEAD) {
  const lesson = lessonOf(body, head);
  const html = pageBody(
    lesson,
    { previous: lesson, next: lesson },
    {
      image: (path) => `res:/${path}`,
      project: "/home/ada/tt-animatediff",
    },
  );
  return { lesson, document: new DOMParser().parseFromString(html, "text/html") };
}

const HTML = [
  "<script>alert(1)</script>",
  "Text <script>alert(1)</script> text",
  '<img src=x onerror="alert(1)">',
  "## <img src=x onerror=alert(1)>",
  "## 1. <iframe srcdoc='<script>alert(1)</script>'></iframe>",
  "> <style>body { display: none }</style>",
  "- <a href='command:workbench.action.quit'>quit</a>",
  "`<script>alert(1)</script>`",
  "```\n</code></pre><script>alert(1)</script>\n```",
  "```bash\necho '<img src=x onerror=alert(1)>'\n```",
  "```<script>\nalert(1)\n```",
  '```" onmouseover="alert(1)\nx\n```',
  '| <b onclick="alert(1)">a</b> |\n|---|\n| <svg onload="alert(1)"> |',
  '![" onerror="alert(1)](images/x.png)',
  '![x](images/x.png"onerror="alert(1))',
  '[" onclick="alert(1)](command:ttVideo.showLog)',
  '[<img src=x onerror="alert(1)">](command:ttVideo.showLog)',
  `[x](https://example.com/"onclick="alert(1))`,
  `[x](<https://example.com/"><script>alert(1)</script>>)`,
  '[x](https://example.com "\\" onclick=\\"alert(1)")',
  '<https://example.com/"onclick="alert(1)>',
  "[x]: javascript:alert(1)\n\n[x]",
];

test.each(HTML)("is shown as text: %s", (body) => {
  const { document } = pageOf(body);
  expect(document.querySelectorAll("script, iframe, style, svg, b, [srcdoc], [style]").length).toBe(0);
  for (const element of document.querySelectorAll("*")) {
    expect([...element.attributes].map(({ name }) => name).filter((name) => name.startsWith("on"))).toEqual([]);
  }
  for (const image of document.querySelectorAll("img")) {
    expect(image.getAttribute("src")).toMatch(/^res:\/lessons\/images\/[\w.-]+$/);
  }
  for (const link of document.querySelectorAll("a")) {
    expect(link.getAttribute("href")).toMatch(/^https:\/\/example\.com\//);
  }
});

test("the title and the description are text, too", () => {
  const head = HEAD.replace("title: Made up", `title: '<img src=x onerror="alert(1)">'`).replace(
    "description: For tests.",
    `description: '</p><script>alert(1)</script>'`,
  );
  const { document } = pageOf("Text", head);
  expect(document.querySelectorAll("img, script").length).toBe(0);
  expect(document.querySelector("h1")?.textContent).toBe('<img src=x onerror="alert(1)">');
});

const REFUSED_LINKS = [
  "command:workbench.action.terminal.sendSequence?%7B%22text%22%3A%22rm%20-rf%20%7E%5Cr%22%7D",
  "command:workbench.action.terminal.sendSequence",
  "command:workbench.action.quit",
  "command:ttVideo.deleteEverything",
  "command:constructor",
  "command:__proto__",
  "command:",
  "command:ttVideo.showLog/../workbench.action.quit",
  "command:ttVideo.showLog%3F",
  "command:ttVideo.showLog?%5B%22x%22%5D",
  "command:ttVideo.showLog?[1]",
  "command:ttVideo.showLog?%E0%A4%A",
  "command:ttVideo.showLog?{",
  "command:ttVideo.generateVideo",
  "command:ttVideo.generateVideo?%22a%20ball%22",
  "command:ttVideo.generateVideo?[]",
  'command:ttVideo.generateVideo?{"prompt":""}',
  'command:ttVideo.generateVideo?{"prompt":1}',
  'command:ttVideo.generateVideo?{"prompt":"x","outputFolder":"/etc"}',
  'command:ttVideo.generateVideo?{"prompt":"x","parameters":{"a":{"b":1}}}',
  'command:ttVideo.generateVideo?{"prompt":"x","count":1000}',
  'command:ttVideo.generateVideo?[{"prompt":"x"},{"prompt":"y"}]',
  'command:workbench.action.openSettings?"python.defaultInterpreterPath"',
  "command:workbench.action.openSettings",
  "COMMAND:ttVideo.showLog",
  "command&colon;ttVideo.quit",
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  "javascript&colon;alert(1)",
  "java\tscript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "vbscript:msgbox(1)",
  "file:///etc/passwd",
  "vscode://file/etc/passwd",
  "vscode-resource:/etc/passwd",
  "//example.com",
  "/etc/passwd",
  "../README.md",
  "../../secret.md",
  "..\\secret.md",
  "https://user:password@example.com/",
  "http:",
  "#anchor",
  "",
];

describe("a link that leads where it may not", () => {
  test.each(REFUSED_LINKS)("does nothing, and the build says so: %s", (href) => {
    const body = `Text [label](<${href}>) text`;
    const { lesson, document } = pageOf(body);
    expect(lesson.buttons).toEqual([]);
    expect(lesson.links).toEqual([]);
    expect(lesson.lessons).toEqual([]);
    expect(document.querySelectorAll("article button, article a").length).toBe(0);
    expect(document.querySelector("article")?.textContent).toContain("label");
    expect(parseLesson(HEAD + body).problems).toHaveLength(1);
  });
});

const REFUSED_PICTURES = [
  "../../secret.png",
  "../package.png",
  "images/../../../secret.png",
  "/etc/secret.png",
  "..%2F..%2Fsecret.png",
  "..\\..\\secret.png",
  "https://example.com/x.png",
  "//example.com/x.png",
  "data:image/png;base64,AAAA",
  "file:///etc/secret.png",
  "images/x.html",
  "images/x.png?y",
  "images/x.svg#y",
];

test.each(REFUSED_PICTURES)("a picture from elsewhere is not loaded, and the build says so: %s", (source) => {
  const body = `![text](<${source}>)`;
  const { lesson, document } = pageOf(body);
  expect(lesson.images).toEqual([]);
  expect(document.querySelectorAll("img").length).toBe(0);
  expect(document.querySelector("article")?.textContent.trim()).toBe("text");
  expect(parseLesson(HEAD + body).problems).toHaveLength(1);
});

test("the page names buttons by number only: neither commands nor arguments are in it", () => {
  const { lesson, document } = pageOf('[Make it](<command:ttVideo.generateVideo?{"prompt":"a red ball"}>)');
  expect(lesson.buttons).toMatchObject([{ command: "ttVideo.generateVideo", args: [{ prompt: "a red ball" }] }]);
  expect(document.documentElement.outerHTML).not.toMatch(/command|generateVideo|a red ball/);
  expect(document.querySelector("[data-action='0'] [data-press]")?.textContent).toBe("Make it");
});
