import { signal } from "@preact/signals";

/** Place is what the address bar says, within this origin. */
export interface Place {
  path: string;
  query: URLSearchParams;
}

/** here is where we are. It changes with every navigation, also back and forward. */
export const here = signal<Place>(read());

/** routeOf tells whether a path is a page of this client; the others are the server's. */
let isOurs: (path: string) => boolean = () => false;

function read(): Place {
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

/** start follows links and the back button from now on. */
export function start(ours: (path: string) => boolean): void {
  isOurs = ours;
  addEventListener("popstate", () => {
    here.value = read();
  });
  document.addEventListener("click", follow);
}

/** follow takes over a plain click on a link to one of our pages. */
function follow(event: MouseEvent): void {
  const link = (event.target as Element).closest("a");
  const modified = event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
  if (!link || modified || event.defaultPrevented || link.target || link.hasAttribute("download")) {
    return;
  }
  if (link.origin === location.origin && isOurs(link.pathname) && !link.hash) {
    event.preventDefault();
    go(link.pathname + link.search);
  }
}

/** go leads to a place on this origin: a page of ours without loading, any other by the browser. */
export function go(to: string, how: { replace?: boolean } = {}): void {
  const url = new URL(to, location.origin);
  if (!isOurs(url.pathname)) {
    location[how.replace ? "replace" : "assign"](to);
    return;
  }
  const samePage = url.pathname === location.pathname;
  history[how.replace ? "replaceState" : "pushState"](null, "", to);
  here.value = read();
  if (!samePage) {
    scrollTo(0, 0);
  }
}

const nextShape = /^\/app(\/[A-Za-z0-9-]+)*(\?[^#\\]*)?$/;

/** nextOf gives a page of ours to go to after logging in, whatever was asked for. */
export function nextOf(asked: string | null): string {
  return asked !== null && nextShape.test(asked) ? asked : "/app";
}

/** toLogIn is the address of the page to log in, which leads back. */
export function toLogIn(back = location.pathname + location.search): string {
  return back === "/app" ? "/app/login" : `/app/login?next=${encodeURIComponent(back)}`;
}
