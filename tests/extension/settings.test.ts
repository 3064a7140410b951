import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { absoluteFolder, checked, DEFAULTS } from "../../extension/src/settingValues";
import manifest from "../../package.json";

const SOURCES = new URL("../../extension/src", import.meta.url).pathname;
const contributed = manifest.contributes.configuration.properties;
const keys = Object.keys(contributed).map((key) => key.replace("ttVideo.", ""));

describe("the contributed settings", () => {
  it("are each read by the extension, and nothing else is", () => {
    const read = readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && !file.startsWith("webview"))
      .flatMap((file) => settingsRead(readFileSync(join(SOURCES, file), "utf8")));
    expect([...new Set(read)].sort()).toEqual([...keys].sort());
  });

  it("have the defaults that the extension goes by", () => {
    const inManifest = Object.fromEntries(
      Object.entries(contributed).map(([key, { default: value }]) => [key.replace("ttVideo.", ""), value]),
    );
    expect(inManifest).toMatchObject(DEFAULTS);
  });

  it("that name paths and programs are the machine's, and closed to untrusted workspaces", () => {
    const machine = Object.entries(contributed).filter(
      ([, setting]) => "scope" in setting && setting.scope === "machine",
    );
    const restricted = manifest.capabilities.untrustedWorkspaces.restrictedConfigurations;
    expect(machine.map(([key]) => key).sort()).toEqual([...restricted].sort());
  });
});

it("a setting of another type counts as its default", () => {
  expect(checked("output.metadata", "no")).toBe(true);
  expect(checked("output.metadata", false)).toBe(false);
  expect(checked("generate.model", undefined)).toBe("tiny");
});

it.each([
  ["~/tt-scratchpad", "/home/ada/tt-scratchpad"],
  ["~", "/home/ada"],
  ["~ada/x", "/home/ada/~ada/x"],
  ["/srv/videos/", "/srv/videos"],
  ["videos", "/home/ada/videos"],
  ["  ", "/home/ada/tt-scratchpad"],
])("the folder %j is %s", (folder, path) => {
  expect(absoluteFolder(folder, "/home/ada")).toBe(path);
});

/** The keys of settings in a source file: what `get` of a configuration and `read` take. */
function settingsRead(source: string): string[] {
  const configured = source.includes('getConfiguration("ttVideo');
  const pattern = /\b(?:get|read)(?:<[^(]*>)?\(\s*"((?:ttVideo\.)?[a-z]+\.[a-zA-Z]+)"/g;
  return configured ? [...source.matchAll(pattern)].map((match) => match[1]?.replace("ttVideo.", "") ?? "") : [];
}
