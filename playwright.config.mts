// Drives the packed extension in a real VS Code: code-server, opened in Chromium. CONTRIBUTING.md says how to run it.
import { defineConfig } from "@playwright/test";

import type { EditorOptions } from "./tests/e2e/harness/fixtures";
import { chromium } from "./tests/support/chromium.mjs";

const SET_UP = "e2e/setUp.spec.ts";
const NEWEST = "4.139.1";
const OLDEST = "4.100.3";

export default defineConfig<object, EditorOptions>({
  testDir: "tests",
  testMatch: ["e2e/*.spec.ts", "host/*.spec.ts"],
  outputDir: "build/e2e/failures",
  reporter: "list",
  workers: 1,
  retries: 0,
  // Generous, because they only end tests that would never end: a busy machine is slow, not wrong.
  timeout: 480_000,
  expect: { timeout: 150_000 },
  forbidOnly: process.env["CI"] === "true",
  use: {
    browserName: "chromium",
    launchOptions: {
      executablePath: chromium(),
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
    actionTimeout: 30_000,
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
  },
  projects: [
    { name: "newest", use: { version: NEWEST }, testIgnore: SET_UP },
    { name: "oldest", use: { version: OLDEST }, testIgnore: SET_UP, grep: /@oldest/ },
    { name: "setup", use: { version: NEWEST }, testMatch: SET_UP },
  ],
});
