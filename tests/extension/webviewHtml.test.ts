import { Window } from "happy-dom";
import { expect, test } from "vitest";
import type { Uri } from "vscode";
import { createHtml, escapeHtml } from "../../extension/src/webviewHtml";

const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>&lt;`;

function uri(path: string): Uri {
  const made = {
    path,
    with: (change: { path: string }) => uri(change.path),
    toString: () => `https://res.test${path}`,
  };
  return made as unknown as Uri;
}

const { DOMParser } = new Window({
  settings: {
    disableCSSFileLoading: true,
    disableJavaScriptFileLoading: true,
    handleDisabledFileLoadingAsSuccess: true,
  },
});
const webview = { cspSource: "https://*.res.test", asWebviewUri: (local: Uri) => local };

function page(title = "Output Preview", name: "preview" | "lesson" | "devices" = "preview", body?: string) {
  return new DOMParser().parseFromString(createHtml(webview, uri("/ext"), name, title, body), "text/html");
}

function policy(document: ReturnType<typeof page>): Map<string, string> {
  const content = document.querySelector('meta[http-equiv="Content-Security-Policy"]')?.getAttribute("content") ?? "";
  return new Map(content.split("; ").map((directive) => [directive.split(" ")[0] ?? "", directive]));
}

test("nothing may be loaded but the bundle's own files, and nothing inline runs", () => {
  const document = page();
  const directives = policy(document);
  const nonce = document.querySelector("script")?.getAttribute("nonce") ?? "";

  expect(directives.get("default-src")).toBe("default-src 'none'");
  expect(directives.get("script-src")).toBe(`script-src 'nonce-${nonce}'`);
  expect(directives.get("base-uri")).toBe("base-uri 'none'");
  expect(directives.get("form-action")).toBe("form-action 'none'");
  for (const name of ["style-src", "img-src", "media-src", "font-src"]) {
    expect(directives.get(name)).toBe(`${name} https://*.res.test`);
  }
  expect(directives.size).toBe(8);
  expect([...directives.values()].join(" ")).not.toMatch(/unsafe|data:|blob:|\*(?!\.res\.test)/);
});

test.each(["preview", "lesson", "devices"] as const)(
  "the page %s loads its own script and style, and has none inline",
  (name) => {
    const document = page("Title", name);
    const scripts = [...document.querySelectorAll("script")];

    expect(scripts.map((script) => script.getAttribute("src"))).toEqual([`https://res.test/ext/dist/${name}.js`]);
    expect(scripts[0]?.textContent).toBe("");
    expect(document.querySelector("link")?.getAttribute("href")).toBe(`https://res.test/ext/dist/${name}.css`);
    expect(document.querySelectorAll("style, [style], [onload], [onclick], [onerror]")).toHaveLength(0);
    expect(document.documentElement.lang).toBe("en");
  },
);

test("each page has a nonce of its own that cannot be guessed", () => {
  const nonces = Array.from({ length: 50 }, () => page().querySelector("script")?.getAttribute("nonce") ?? "");

  expect(new Set(nonces).size).toBe(50);
  for (const nonce of nonces) {
    expect(Buffer.from(nonce, "base64").length).toBeGreaterThanOrEqual(16);
  }
});

test("a hostile title is text", () => {
  const document = page(HOSTILE);

  expect(document.title).toBe(HOSTILE);
  expect(document.querySelectorAll("script")).toHaveLength(1);
  expect(document.querySelectorAll("img")).toHaveLength(0);
});

test("a body of our own is put in as it is", () => {
  expect(page("Lesson", "lesson", "<main><h1>First</h1></main>").querySelector("main h1")?.textContent).toBe("First");
});

test("escaped text reads back as it was, in content and in attributes of both quotes", () => {
  const text = escapeHtml(HOSTILE);
  const html = `<p title="${text}" class='${text}'>${text}</p>`;
  const element = new DOMParser().parseFromString(html, "text/html").querySelector("p");

  expect([element?.textContent, element?.title, element?.className]).toEqual([HOSTILE, HOSTILE, HOSTILE]);
});
