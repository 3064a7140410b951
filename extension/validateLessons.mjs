// Fails, with file and line, when a lesson has something that would not work on its page. Reads it as the page does.
// The argument is the folder that holds lessons/; this one when there is none.
import { build } from "esbuild";

const bundle = await build({
  entryPoints: ["extension/src/lessons/validate.ts"],
  bundle: true,
  write: false,
  platform: "node",
  format: "esm",
  target: "node20",
  // highlight.js and yaml are CommonJS inside.
  banner: { js: 'import { createRequire } from "node:module"; const require = createRequire("/");' },
});
const { validateLessons } = await import(
  `data:text/javascript;base64,${Buffer.from(bundle.outputFiles[0].text).toString("base64")}`
);
const problems = await validateLessons(process.argv[2] ?? ".");
if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}
