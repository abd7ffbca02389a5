// The service worker: installed once, and asked to make way for a new release when the clerk says so.

import { h } from "../shared/dom.js";
import { t } from "./messages.js";

/** Ready when this page is served by the worker, or at once where there are none. */
export async function keepOffline() {
  if (!("serviceWorker" in navigator)) return;
  try {
    const registration = await navigator.serviceWorker.register("/clerk/sw.js", { scope: "/clerk/", updateViaCache: "none" });
    registration.addEventListener("updatefound", () => {
      const fresh = registration.installing;
      fresh?.addEventListener("statechange", () => {
        if (fresh.state === "installed" && navigator.serviceWorker.controller) offer(fresh);
      });
    });
    if (registration.waiting && navigator.serviceWorker.controller) offer(registration.waiting);
    await navigator.serviceWorker.ready;
    document.body.dataset.sw = "ready";
  } catch (error) {
    // Without it the page works, only not without a network. Offline the update check always fails.
    if (navigator.onLine) console.warn("no service worker", error);
    else document.body.dataset.sw = "ready";
  }
}

/** @param {ServiceWorker} fresh */
function offer(fresh) {
  const button = h("button", { type: "button", class: "button button--plain" }, t("reload"));
  button.addEventListener("click", () => {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    fresh.postMessage("take over");
  });
  document.body.append(h("div", { class: "toast toast--offer", role: "status" }, h("span", {}, t("newRelease")), button));
}
