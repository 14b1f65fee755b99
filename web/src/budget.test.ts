import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { dist, readChunks, readRoutes } from "../chunks.ts";
import { routes } from "./routes";

/** What a route may load of script, compressed by gzip. */
const most = 40 * 1024;

/** What the page with the seats may load in all: with its map, which comes after the rest. */
const mostWithMap = 70 * 1024;

/** What `make web` left: run it first. */
const manifest = readChunks();

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
  return [...scripts].reduce((sum, file) => sum + gzipSync(readFileSync(join(dist, file))).length, 0);
}

/** The routes as routes.tsx is read by the build. */
const pages = readRoutes();

test("every route is measured", () => expect(pages.map(({ path }) => path)).toEqual(routes.map(({ path }) => path)));

test.each(pages.map(({ path, chunk }) => [path, chunk] as const))("%s loads little", (_, page) => {
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
