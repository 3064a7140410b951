// The one HTML page of all webviews: a bundled script and a bundled style, and nothing inline.
import { randomBytes } from "node:crypto";
import { posix } from "node:path";
import type { Uri, Webview } from "vscode";

/** `body` is markup of our own making; whatever comes from outside must be escaped in it already. */
export function createHtml(
  webview: Pick<Webview, "asWebviewUri" | "cspSource">,
  extensionUri: Uri,
  name: "preview" | "lesson" | "devices",
  title: string,
  body = '<div id="root"></div>',
): string {
  const nonce = randomBytes(18).toString("base64");
  const bundled = (file: string) =>
    escapeHtml(
      webview.asWebviewUri(extensionUri.with({ path: posix.join(extensionUri.path, "dist", file) })).toString(),
    );
  return `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="UTF-8" />
    <meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy(webview.cspSource, nonce))}" />
    <meta name="viewport" content="width=device-width, initial-scale=1.0" />
    <title>${escapeHtml(title)}</title>
    <link rel="stylesheet" href="${bundled(`${name}.css`)}" />
  </head>
  <body>
    ${body}
    <script nonce="${nonce}" src="${bundled(`${name}.js`)}"></script>
  </body>
</html>
`;
}

function policy(source: string, nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${source}`,
    `font-src ${source}`,
    `img-src ${source}`,
    `media-src ${source}`,
    // These two do not fall back to default-src.
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
