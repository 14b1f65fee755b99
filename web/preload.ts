import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";
import { dist, filesOf, readChunks, readRoutes } from "./chunks.ts";

/** What every page asks for: who is logged in. */
const always = ["/me"];

/**
 * preload writes dist/preload.json, by which the server names what a route needs in the header of its page: files, and what the
 * page asks the API for first. A browser then fetches all of it at once, instead of one thing after the other as it learns of
 * them.
 */
export function preload(): Plugin {
  return {
    name: "preload",
    apply: "build",
    closeBundle() {
      const chunks = readChunks();
      const entry = filesOf(chunks, "index.html");
      const preloads = readRoutes().map(({ path, chunk, data }) => {
        const files = new Set(filesOf(chunks, chunk).filter((file) => !entry.includes(file)));
        return [path, { files: [...files], data: [...always, ...data] }];
      });
      writeFileSync(join(dist, "preload.json"), JSON.stringify(Object.fromEntries(preloads)));
    },
  };
}
