import { describe, expect, test, vi } from "vitest";

vi.stubGlobal("location", { pathname: "/app", search: "", origin: "https://box.test" });
const { nextOf, toLogIn } = await import("./router");

describe("nextOf", () => {
  test.each(["/app", "/app/bookings/0199a1b2-0000-7000", "/app?q=ghost&city=Chico%2C+CA", "/app/events/1?x=//evil"])(
    "leads back to %s",
    (page) => expect(nextOf(page)).toBe(page),
  );

  test.each([
    null,
    "",
    "//evil.test",
    "https://evil.test",
    "/app/../../evil",
    "/app\\evil",
    "/application",
    "/logout",
    "/app#x",
    "/app/%2e%2e",
    "javascript:alert(1)",
    "/app?x\\y",
  ])("leads nowhere else: %s", (page) => expect(nextOf(page)).toBe("/app"));
});

test("toLogIn leads back, and needs no word for home", () => {
  expect(toLogIn("/app")).toBe("/app/login");
  const address = toLogIn("/app/events/1?a=b&c=d");
  expect(new URL(address, "https://box.test").searchParams.get("next")).toBe("/app/events/1?a=b&c=d");
});
