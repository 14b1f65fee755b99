import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { match, routes } from "./routes";

test("match finds a page and its ID, and leaves the server's pages to the server", () => {
  expect(match("/app")?.route.path).toBe("/app");
  expect(match("/app/events/0199a1b2-0000")).toMatchObject({
    route: { path: "/app/events/{id}" },
    id: "0199a1b2-0000",
  });
  for (const path of [
    "/app/",
    "/app/events",
    "/app/events/",
    "/app/events/1/seats",
    "/app/bookings/1/return",
    "/app/forgot",
    "/events/1",
  ]) {
    expect(match(path), path).toBeUndefined();
  }
});

test("the server answers each route with the client", () => {
  const list = readFileSync(new URL("../../api/routes.go", import.meta.url), "utf8");
  const served = [...list.matchAll(/"GET", "([^"]+)", anyone, s\.pageClient/g)].map(([, path]) => path);
  expect(served.sort()).toEqual(routes.map(({ path }) => path).sort());
});
