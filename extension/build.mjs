// Bundles the extension host and the webviews into dist/. `--production` minifies, `--watch` rebuilds.
import { cp, mkdir } from "node:fs/promises";
import { context } from "esbuild";

const production = process.argv.includes("--production");
const common = {
  bundle: true,
  logLevel: "info",
  minify: production,
  sourcemap: production ? false : "linked",
  outdir: "dist",
};
const builds = [
  {
    ...common,
    entryPoints: { extension: "extension/src/extension.ts" },
    platform: "node",
    target: "node20",
    format: "cjs",
    external: ["vscode"],
  },
  {
    ...common,
    entryPoints: {
      preview: "extension/src/webview/preview/main.tsx",
      lesson: "extension/src/webview/lesson/main.ts",
      devices: "extension/src/webview/devices/main.tsx",
    },
    platform: "browser",
    target: "chrome128",
    format: "iife",
    jsx: "automatic",
    jsxImportSource: "preact",
    external: ["./codicon.ttf*"],
  },
];

await mkdir("dist", { recursive: true });
await cp("node_modules/@vscode/codicons/dist/codicon.ttf", "dist/codicon.ttf");
for (const build of builds) {
  const made = await context(build);
  if (process.argv.includes("--watch")) {
    await made.watch();
  } else {
    await made.rebuild();
    await made.dispose();
  }
}
