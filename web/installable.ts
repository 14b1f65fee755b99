import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "vite";
import { dist, filesOf, readChunks, readRoutes, source } from "./chunks.ts";

/** The icons by size; the last fills its square, for systems that cut it to a shape of theirs. */
const icons = [
  { file: "icon-192.png", sizes: "192x192", purpose: "any" },
  { file: "icon-512.png", sizes: "512x512", purpose: "any" },
  { file: "icon-full-512.png", sizes: "512x512", purpose: "maskable" },
];

/** What is kept for when there is no network: tickets, in every language. */
const keptEntries = ["index.html", "src/words/es.ts", "src/pages/bookings.tsx", "src/pages/booking/booking.tsx"];

/** installable adds what a browser installs the client by: the manifest, and the worker that keeps the files of a release. */
export function installable(): Plugin {
  const files = new Map<string, string>();
  return {
    name: "installable",
    apply: "build",
    buildStart() {
      for (const { file } of icons) {
        const content = readFileSync(join(source, "icons", file));
        files.set(file, this.emitFile({ type: "asset", name: file, source: content }));
      }
    },
    generateBundle() {
      const address = (file: string) => `/app/${this.getFileName(files.get(file) ?? "")}`;
      const listed = icons.map(({ file, ...rest }) => ({ src: address(file), type: "image/png", ...rest }));
      const manifest = JSON.parse(readFileSync(join(source, "manifest.webmanifest"), "utf8"));
      const written = JSON.stringify({ ...manifest, icons: listed }, null, 2);
      this.emitFile({ type: "asset", fileName: "manifest.webmanifest", source: written });
    },
    async writeBundle() {
      await buildWorker();
    },
  };
}

async function buildWorker(): Promise<void> {
  const chunks = readChunks();
  const files = [...new Set(keptEntries.flatMap((key) => filesOf(chunks, key)))];
  const name = createHash("sha256")
    .update(files.join())
    .update(readFileSync(join(dist, "index.html")))
    .digest("hex");
  const release = { name: name.slice(0, 16), files, paths: readRoutes().map(({ path }) => path) };
  await build({
    configFile: false,
    publicDir: false,
    logLevel: "warn",
    define: { RELEASE: JSON.stringify(release) },
    build: {
      outDir: dist,
      emptyOutDir: false,
      target: "es2022",
      rollupOptions: {
        input: join(source, "worker/sw.ts"),
        output: { entryFileNames: "sw.js", format: "iife" },
      },
    },
  });
}
