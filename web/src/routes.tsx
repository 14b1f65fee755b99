import type { ComponentType } from "preact";

/** Page is what a route shows. id is what {id} stands for. */
export type Page = ComponentType<{ id: string }>;

/** Route is a page and what loads its code; pages() in api/routes.go has the same paths. */
export interface Route {
  path: string;
  load: () => Promise<{ default: Page }>;
  /** What the page asks the API for first: with the page the server tells browsers of it, which then ask at once. */
  data?: readonly string[];
}

export const routes: readonly Route[] = [
  { path: "/app", load: () => import("./pages/home/home") },
  { path: "/app/titles/{id}", load: () => import("./pages/title"), data: ["/titles/{id}"] },
  {
    path: "/app/events/{id}",
    load: () => import("./pages/event/event"),
    data: ["/events/{id}?tickets=none", "/events/{id}/seat-map"],
  },
  { path: "/app/login", load: () => import("./pages/login") },
  { path: "/app/signup", load: () => import("./pages/signup") },
  { path: "/app/bookings", load: () => import("./pages/bookings"), data: ["/bookings?limit=50"] },
  { path: "/app/bookings/{id}", load: () => import("./pages/booking/booking"), data: ["/bookings/{id}"] },
];

/** match finds the route of a path, and what {id} stands for in it. */
export function match(path: string): { route: Route; id: string } | undefined {
  for (const route of routes) {
    const [before = "", after] = route.path.split("{id}");
    if (after === undefined) {
      if (path === route.path) {
        return { route, id: "" };
      }
    } else if (path.startsWith(before) && /^[0-9A-Za-z-]+$/.test(path.slice(before.length))) {
      return { route, id: path.slice(before.length) };
    }
  }
  return undefined;
}
