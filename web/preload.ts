import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

interface Chunk {
  file: string;
  imports?: string[];
  dynamicImports?: string[];
  css?: string[];
}

/** Preload is what a browser needs of a route beside the index: files, those that the page itself loads too, and what it asks first. */
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
        const page = `src/${module}.tsx`;
        const files = [page, ...(manifest[page]?.dynamicImports ?? [])]
          .flatMap((key) => filesOf(manifest, key))
          .filter((file, i, all) => !entry.includes(file) && all.indexOf(file) === i);
        preloads[path] = { files, data: [...always, ...(data ? JSON.parse(data) : [])] };
      }
      writeFileSync(join(folder, "dist/preload.json"), JSON.stringify(preloads));
    },
  };
}

/** filesOf gives the scripts and styles of a chunk and of those that it imports. */
function filesOf(manifest: Record<string, Chunk>, key: string, seen = new Set<string>()): string[] {
  const chunk = manifest[key];
  if (!chunk || seen.has(key)) {
    return [];
  }
  seen.add(key);
  const imported = (chunk.imports ?? []).flatMap((each) => filesOf(manifest, each, seen));
  return [...new Set([`/app/${chunk.file}`, ...(chunk.css ?? []).map((file) => `/app/${file}`), ...imported])];
}
