import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";
import { type Chunk, filesOf } from "./chunks.ts";

/** Preload is what a browser needs of a route beside the index: files, and what the page asks the API for first. */
interface Preload {
  files: string[];
  data: string[];
}

/** What every page asks for: who is logged in. */
const always = ["/me"];

/** A route as src/routes.tsx writes it: its path, its module, and its data where it has some. */
const route = /path: "([^"]+)",\s*load: \(\) => import\("\.\/([^"]+)"\)(?:,\s*data: (\[[^\]]*\]))?/g;

/**
 * preload writes dist/preload.json, by which the server names what a route needs in the header of its page. A browser then
 * fetches all of it at once, instead of one thing after the other as it learns of them.
 */
export function preload(folder: string): Plugin {
  return {
    name: "preload",
    apply: "build",
    closeBundle() {
      const manifest: Record<string, Chunk> = JSON.parse(readFileSync(join(folder, "dist/manifest.json"), "utf8"));
      const entry = filesOf(manifest, "index.html");
      const preloads: Record<string, Preload> = {};
      for (const [, path = "", module, data] of readFileSync(join(folder, "src/routes.tsx"), "utf8").matchAll(route)) {
        const files = new Set(filesOf(manifest, `src/${module}.tsx`).filter((file) => !entry.includes(file)));
        preloads[path] = {
          files: [...files].map((file) => `/app/${file}`),
          data: [...always, ...(data ? JSON.parse(data) : [])],
        };
      }
      writeFileSync(join(folder, "dist/preload.json"), JSON.stringify(preloads));
    },
  };
}
