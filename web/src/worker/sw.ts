/**
 * The service worker: pages of the client open without a network, from the files of one release, which it keeps as they
 * were built. It never answers for the API, and it keeps nothing of anybody: pocket.ts does.
 */
declare const self: ServiceWorkerGlobalScope;

/** What the build knows: its name, the files that are kept, and the paths of the client's pages. */
declare const RELEASE: { name: string; files: string[]; paths: string[] };

const release = RELEASE;
const prefix = "client-";
const own = prefix + release.name;
const index = "/app";

/** patience is how long a page may take to arrive before the kept one is shown, in ms. */
const patience = 4000;

const ours = new RegExp(`^(${release.paths.join("|").replaceAll("{id}", "[0-9A-Za-z-]+")})$`);

self.addEventListener("install", (event) => event.waitUntil(fill()));
self.addEventListener("activate", (event) => event.waitUntil(replace()));
self.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== self.location.origin) {
    return;
  }
  if (mode === "navigate" && ours.test(pathname)) {
    event.respondWith(page(event));
  } else if (pathname.startsWith("/app/assets/")) {
    event.respondWith(asset(event.request));
  }
});

/** fill keeps a release as a whole or not at all. While one is rolled out, the index may come from another. */
async function fill(): Promise<void> {
  const cache = await caches.open(own);
  try {
    const response = await fetch(index, { cache: "no-cache" });
    const loads = (await response.clone().text()).match(/\/app\/assets\/[^"]+/g) ?? [];
    if (!response.ok || !loads.every((file) => release.files.includes(file))) {
      throw new Error("the server has another release");
    }
    await cache.put(index, response);
    await cache.addAll(release.files);
  } catch (error) {
    await caches.delete(own);
    throw error;
  }
  await self.skipWaiting();
}

/** replace drops old releases, but the last: pages that were opened with it may still load parts of it. */
async function replace(): Promise<void> {
  const releases = (await caches.keys()).filter((name) => name.startsWith(prefix));
  await Promise.all(releases.slice(0, -2).map((name) => caches.delete(name)));
  await self.registration.navigationPreload?.enable();
}

/** page asks the server, which always has the newest release, and shows what is kept where no answer comes. */
async function page(event: FetchEvent): Promise<Response> {
  const asked = fromServer(event);
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, patience, undefined));
  const response = await Promise.race([asked.catch(() => undefined), late]);
  if (response && (response.status < 502 || response.status > 504)) {
    return response;
  }
  return (await kept(index, own)) ?? asked;
}

async function fromServer(event: FetchEvent): Promise<Response> {
  return ((await event.preloadResponse) as Response | undefined) ?? fetch(event.request);
}

/** asset gives a file that is kept, of whichever release: its name has its hash. */
async function asset(request: Request): Promise<Response> {
  return (await kept(request)) ?? fetch(request);
}

/** kept gives what a store has; one that is broken has nothing. */
function kept(request: Request | string, cacheName?: string): Promise<Response | undefined> {
  const options = { ignoreVary: true, ...(cacheName && { cacheName }) };
  return caches.match(request, options).catch(() => undefined);
}

export type {}; // a module, so that its self is its own
