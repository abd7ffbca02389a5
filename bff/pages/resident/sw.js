/// <reference lib="webworker" />
// Keeps the page on the device, so that it starts without a network; and shows what the city has to say while
// the page is closed, in the neutral words it was sent.
//
// The clerks' worker shows what it keeps until the clerk takes a new release. A resident's page is of the day:
// it comes from the city, and from the device only where the city does not answer. Of what was answered to a
// resident nothing is kept here.

const PAGE = "/resident/";
const FILES = "@shell@".split(" ");
const CACHES = "resident-shell-";
const CACHE = `${CACHES}@version@`;
const PATIENCE = 4000; // milliseconds

const bell = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

// There is no release to wait for: whatever is shown is shown by the newest. Nor does what is pushed wait for
// the page to be kept: what fails here is tried again when the page is next opened.
bell.addEventListener("install", (event) => event.waitUntil(keep().catch(() => undefined).then(() => bell.skipWaiting())));
bell.addEventListener("activate", (event) => event.waitUntil(dropOthers().then(() => bell.clients.claim())));

bell.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== bell.location.origin) return;
  if (request.mode === "navigate" && url.pathname === PAGE) {
    event.respondWith(ofTheDay(request));
    event.waitUntil(keep().then(dropOthers).catch(() => undefined));
  } else if (url.pathname.startsWith("/static/")) event.respondWith(ofItsRelease(url.pathname, request));
  // Everything else is an answer of the day: straight to the network, never kept here.
});

/** Whole or not at all: a page never runs modules of two releases. */
async function keep() {
  const cache = await caches.open(CACHE);
  if (await cache.match(PAGE)) return;
  await cache.addAll(FILES);
}

/** What an older release left, once this one is whole. */
async function dropOthers() {
  if (!(await caches.match(PAGE, { cacheName: CACHE }))) return;
  const old = (await caches.keys()).filter((name) => name.startsWith(CACHES) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

/** @param {Request} request */
async function ofTheDay(request) {
  const asked = fetch(request);
  /** @type {Promise<undefined>} */
  const late = new Promise((resolve) => setTimeout(() => resolve(undefined), PATIENCE));
  const answer = await Promise.race([asked, late]).catch(() => undefined);
  if (answer && answer.status < 500) return answer;
  return (await caches.match(PAGE)) ?? (await asked);
}

/** Also an older one's: whichever page was kept finds what it needs. @param {string} path @param {Request} request */
async function ofItsRelease(path, request) {
  return (await caches.match(path)) ?? (await fetch(request));
}

bell.addEventListener("push", (event) => {
  const { title, body, tag, lang, link } = said(event.data);
  // Every push must be shown: a browser takes the permission from who shows nothing.
  event.waitUntil(bell.registration.showNotification(title, { body, tag, lang, data: { link } }));
});

bell.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(goTo(String(event.notification.data?.link ?? "")));
});

/** @param {PushMessageData | null} data */
function said(data) {
  /** @type {Record<string, any>} */
  let told = {};
  try {
    told = data?.json() ?? {};
  } catch {
    // Not what we send; something came all the same.
  }
  const words = (/** @type {unknown} */ value, /** @type {string} */ otherwise) => (typeof value === "string" && value ? value : otherwise);
  return {
    title: words(told.title, "随身办"),
    body: words(told.body, "您有一条新的提醒，点击查看。"),
    tag: words(told.tag, "suishen"),
    lang: words(told.lang, "zh-CN"),
    link: words(told.data?.link, ""),
  };
}

/** The page, in a tab that is open or a new one: never another address, whatever a link says. @param {string} link */
async function goTo(link) {
  const url = `/resident/${link.startsWith("/timeline") ? "#/timeline" : "#/notices"}`;
  for (const client of await bell.clients.matchAll({ type: "window" })) {
    if (new URL(client.url).pathname !== "/resident/") continue;
    await client.focus();
    await client.navigate(url);
    return;
  }
  await bell.clients.openWindow(url);
}
