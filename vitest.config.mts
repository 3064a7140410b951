import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/extension/**/*.test.{ts,tsx}"],
    env: { TZ: "UTC" },
    // Vitest leaves one core to others; the slow tests mostly wait for processes.
    maxWorkers: 2,
  },
});
