import { defineConfig } from "vitest/config";

/** Figures, one after the other: nothing else runs beside. */
export default defineConfig({
  root: import.meta.dirname,
  cacheDir: "../node_modules/.vite",
  test: { include: ["*.bench.ts"], fileParallelism: false, testTimeout: 300_000, hookTimeout: 300_000 },
});
