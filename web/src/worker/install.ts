/** Where the server has the worker. */
const address = "/app/sw.js";

/** The part of Trusted Types that is needed here; only some browsers have them. */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL: () => string },
  ): { createScriptURL: (address: string) => string };
}

/**
 * install has the browser keep the client, so that it opens without a network: once the page is there, because it must not
 * wait for that. It does nothing where that cannot be had, and while developing.
 */
export function install(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) {
    return;
  }
  if (document.readyState === "complete") {
    register();
  } else {
    addEventListener("load", register, { once: true });
  }
}

function register(): void {
  const { trustedTypes } = window as { trustedTypes?: TrustedTypes };
  const policy = trustedTypes?.createPolicy("worker", { createScriptURL: () => address });
  navigator.serviceWorker
    .register(policy?.createScriptURL(address) ?? address, { scope: "/app", updateViaCache: "none" })
    .catch(() => undefined); // then there is none, and pages load as ever
}
