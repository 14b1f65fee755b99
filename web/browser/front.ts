import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { base } from "./open";

/**
 * Front stands in front of the system under test, on an origin of its own. It can be down, and it can serve another release:
 * the same client, whose files have other names, so that those of the release before are gone.
 */
export class Front {
  /** How many releases there were since the real one. */
  release = 0;
  /** The release of which the worker and the files are, where a roll-out has not come to the pages yet. */
  workers: number | undefined;
  /** Connections end without an answer. */
  down = false;
  /** The worker's script, if another is served. */
  worker: string | undefined;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  /** start gives the origin. */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, "localhost", resolve);
    });
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.down) {
      response.destroy();
      return;
    }
    const path = request.url ?? "/";
    const isWorker = path === "/app/sw.js";
    const isFile = isWorker || path.startsWith("/app/assets/");
    const release = (isFile ? this.workers : undefined) ?? this.release;
    const { cookie = "", accept = "*/*" } = request.headers;
    const got = await fetch(base + renamed(path, -release), { headers: { cookie, accept } });
    for (const name of ["content-type", "content-security-policy", "cache-control", "service-worker-allowed", "date"]) {
      const value = got.headers.get(name);
      if (value !== null) {
        response.setHeader(name, value);
      }
    }
    response.statusCode = got.status;
    if (isWorker && this.worker !== undefined) {
      response.end(this.worker);
    } else if (/html|javascript|css/.test(got.headers.get("content-type") ?? "")) {
      response.end(renamed(await got.text(), release));
    } else {
      response.end(Buffer.from(await got.arrayBuffer()));
    }
  }
}

/** renamed turns the hash in each file's name, and the name of the release, by so many characters. */
function renamed(text: string, by: number): string {
  const turn = (hash: string) => {
    const at = (by + hash.length) % hash.length;
    return hash.slice(at) + hash.slice(0, at);
  };
  return text
    .replace(/-([\w-]{8})\.(js|css|woff2|svg|png)\b/g, (_, hash: string, kind: string) => `-${turn(hash)}.${kind}`)
    .replace(/name:([`"'])([0-9a-f]{16})\1/g, (_, quote: string, hash: string) => `name:${quote}${turn(hash)}${quote}`);
}
