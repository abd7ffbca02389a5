/// <reference lib="webworker" />
// Keeps the clerk page on the device, so that it starts without a network.
//
// One cache a release, filled whole or not at all: a page never runs modules of two releases. A new
// release waits until the page says so (`take over`) or its last tab is closed.

const VERSION = "@version@";
const SHELL = "@shell@".split(" ");
const SHELL_CACHE = `clerk-shell-${VERSION}`;

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

worker.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL_CACHE).then((cache) => cache.addAll(SHELL.map((url) => new Request(url, { cache: "reload" })))));
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      const old = (await caches.keys()).filter((name) => name.startsWith("clerk-shell-") && name !== SHELL_CACHE);
      await Promise.all(old.map((name) => caches.delete(name)));
      await worker.clients.claim();
    })(),
  );
});

worker.addEventListener("message", (event) => {
  if (event.data === "take over") void worker.skipWaiting();
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== worker.location.origin) return;
  if (request.mode === "navigate" && url.pathname === "/clerk/") event.respondWith(kept("/clerk/", request));
  else if (SHELL.includes(url.pathname)) event.respondWith(kept(url.pathname, request));
  // Everything else is an answer of the day: straight to the network, never kept here.
});

/** @param {string} path @param {Request} request */
async function kept(path, request) {
  const cache = await caches.open(SHELL_CACHE);
  return (await cache.match(path)) ?? (await fetch(request));
}
