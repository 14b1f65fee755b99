import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";
import { dist } from "./chunks.ts";
import { installable } from "./installable.ts";
import { preload } from "./preload.ts";

const font = join(import.meta.dirname, "node_modules/@fontsource-variable/inter");

/** Smaller files gain less than a header costs. */
const worthPacking = 1024;

/**
 * pack empties dist but for its .gitignore before a build. After it, it puts a .br and a .gz beside each asset, and the
 * font's licence to the others'.
 */
function pack(): Plugin {
  return {
    name: "pack",
    apply: "build",
    buildStart() {
      for (const name of readdirSync(dist)) {
        if (name !== ".gitignore") {
          rmSync(join(dist, name), { recursive: true });
        }
      }
    },
    closeBundle() {
      appendFileSync(join(dist, "licenses.md"), `\n## Inter\n\n${readFileSync(`${font}/LICENSE`, "utf8")}`);
      for (const name of readdirSync(join(dist, "assets"))) {
        const file = join(dist, "assets", name);
        const content = readFileSync(file);
        if (content.length < worthPacking || !/\.(js|css|svg)$/.test(name)) {
          continue;
        }
        writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
        writeFileSync(
          `${file}.br`,
          brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }),
        );
      }
    },
  };
}

/** server does what else the Go server does, while developing: it writes the site's name, and /app needs no slash. */
function server(): Plugin {
  return {
    name: "server",
    apply: "serve",
    transformIndexHtml: (html) => html.replaceAll("{{site}}", "boxoffice"),
    configureServer({ middlewares }) {
      middlewares.use((request, _, next) => {
        request.url = request.url?.replace(/^\/app(?=$|\?)/, "/app/");
        next();
      });
    },
  };
}

/** Where `npm run dev` finds the API. */
const api = { target: process.env.API_URL ?? "http://localhost:8080", changeOrigin: false };

export default defineConfig({
  base: "/app/",
  plugins: [pack(), installable(), preload(), server()],
  build: {
    target: "es2022",
    emptyOutDir: false,
    assetsInlineLimit: 0, // the content policy has no data: URLs
    modulePreload: { polyfill: false },
    manifest: "manifest.json",
    license: { fileName: "licenses.md" }, // of what is in it, which goes into the program, too
  },
  server: { proxy: { "^/(?!app(/|$))": api, "^/app/(style.css|logout|forgot|reset|email)": api } },
});
