import { defineConfig } from "vitest/config";

// Run by test/browser, which starts a system and names it by BOXOFFICE_URL, and the browser by CHROMIUM.
export default defineConfig({
  cacheDir: "../node_modules/.vite",
  test: {
    root: import.meta.dirname,
    include: ["*.test.ts"],
    fileParallelism: false, // two cores, and a whole system beside the browser
    testTimeout: 120_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 45_000 } }, // what comes late on a busy machine comes all the same
  },
});
