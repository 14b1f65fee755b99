import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { routes } from "./routes";

/** What a route may load of script, compressed by gzip. */
const most = 40 * 1024;

/** What the page with the seats may load in all: with its map, which comes after the rest. */
const mostWithMap = 70 * 1024;

interface Chunk {
  file: string;
  imports?: string[];
  dynamicImports?: string[];
  isEntry?: boolean;
}

/** built is what `make web` left: run it first. */
const built = new URL("../dist/", import.meta.url);
const manifest: Record<string, Chunk> = JSON.parse(readFileSync(new URL("manifest.json", built), "utf8"));

function scriptsOf(key: string, into = new Set<string>()): Set<string> {
  const chunk = manifest[key];
  if (chunk && !into.has(chunk.file)) {
    into.add(chunk.file);
    for (const each of chunk.imports ?? []) {
      scriptsOf(each, into);
    }
  }
  return into;
}

function bytesOf(scripts: Iterable<string>): number {
  return [...scripts].reduce((sum, file) => sum + gzipSync(readFileSync(new URL(file, built))).length, 0);
}

/** The file that each route loads, as routes.tsx says. */
const source = readFileSync(new URL("routes.tsx", import.meta.url), "utf8");
const pages = [...source.matchAll(/path: "([^"]+)",\s*load: \(\) => import\("\.\/([^"]+)"\)/g)];

test("every route is measured", () => expect(pages.map(([, path]) => path)).toEqual(routes.map(({ path }) => path)));

test.each(pages.map(([, path, file]) => [path, `src/${file}.tsx`] as const))("%s loads little", (_, page) => {
  expect(manifest[page], page).toBeDefined();
  const scripts = new Set([...scriptsOf("index.html"), ...scriptsOf(page)]);
  expect(scripts.size).toBeGreaterThan(1);
  expect(bytesOf(scripts)).toBeLessThanOrEqual(most);
});

test("seats load little, with their map", () => {
  const page = "src/pages/event/event.tsx";
  const later = manifest[page]?.dynamicImports ?? [];
  expect(later).toContain("src/pages/event/map/view.tsx");
  const scripts = ["index.html", page, ...later].flatMap((key) => [...scriptsOf(key)]);
  expect(bytesOf(new Set(scripts))).toBeLessThanOrEqual(mostWithMap);
});
