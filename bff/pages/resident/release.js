// The service worker: with it the page starts without a network, and shows the code that was fetched ahead.

export const SCOPE = "/resident/";

/** Have this browser keep the page. A newer release takes its place by itself, at the next start. */
export async function keepPage() {
  if (!("serviceWorker" in navigator)) return;
  try {
    await worker();
  } catch {
    // A private window, or no network just now: the page works, only not without one.
  }
}

/** The one worker there is, which also shows what is pushed. */
export function worker() {
  return navigator.serviceWorker.register(`${SCOPE}sw.js`, { scope: SCOPE, updateViaCache: "none" });
}
