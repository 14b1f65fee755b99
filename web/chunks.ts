import { readFileSync } from "node:fs";
import { join } from "node:path";

export const source = join(import.meta.dirname, "src");
export const dist = join(import.meta.dirname, "dist");

/** Chunk is how Vite's manifest describes a file that it made. */
export interface Chunk {
  file: string;
  imports?: string[];
  dynamicImports?: string[];
  css?: string[];
  assets?: string[];
}

/** readChunks reads what a build has made, by the source that each chunk begins with. */
export function readChunks(): Record<string, Chunk> {
  return JSON.parse(readFileSync(join(dist, "manifest.json"), "utf8"));
}

/** A route as src/routes.tsx writes it: its path, its module, and its data where it has some. */
const route = /path: "([^"]+)",\s*load: \(\) => import\("\.\/([^"]+)"\)(?:,\s*data: (\[[^\]]*\]))?/g;

/** readRoutes reads the routes of the client: the path of each, the key of its chunk, and what it asks the API for first. */
export function readRoutes(): { path: string; chunk: string; data: string[] }[] {
  const routes = readFileSync(join(source, "routes.tsx"), "utf8").matchAll(route);
  return [...routes].map(([, path = "", module, data]) => ({
    path,
    chunk: `src/${module}.tsx`,
    data: data ? JSON.parse(data) : [],
  }));
}

/**
 * filesOf lists the addresses of all that a page loads, now or later. What the entry may load later are the other pages, which
 * are left out.
 */
export function filesOf(chunks: Record<string, Chunk>, key: string, seen = new Set<string>()): string[] {
  const chunk = chunks[key];
  if (seen.has(key)) {
    return [];
  }
  if (!chunk) {
    throw new Error(`${key} was not built`);
  }
  seen.add(key);
  const later = key === "index.html" ? [] : (chunk.dynamicImports ?? []);
  const inner = [...(chunk.imports ?? []), ...later].flatMap((each) => filesOf(chunks, each, seen));
  const own = [chunk.file, ...(chunk.css ?? []), ...(chunk.assets ?? [])];
  return [...own.map((file) => `/app/${file}`), ...inner];
}
