// The clerks' page: which screen, in which frame.

import { byId, h } from "../shared/dom.js";
import { dictionary } from "../shared/dictionary.js";
import { icon } from "../shared/icons.js";
import { mountLive } from "../shared/live.js";
import { hasAnswer } from "../shared/openid.js";
import { focusSwitch, report, skipLink, switches } from "../shared/parts.js";
import { prefs } from "../shared/prefs.js";
import { Session } from "../shared/session.js";
import { t } from "./messages.js";
import { SeenCodes } from "./offline/seen.js";
import { loadHealthTrust, loadTrust } from "./offline/trust.js";
import { keepOffline } from "./release.js";
import { appealCaseView, appealsView } from "./views/appeals.js";
import { enterView } from "./views/enter.js";
import { historyView } from "./views/history.js";
import { heldView, manualView } from "./views/manual.js";
import { scanView } from "./views/scan.js";
import { shiftView } from "./views/shift.js";
import { signInView } from "./views/sign-in.js";
import { venueDisplayView, venuePrintView, venuesView } from "./views/venues.js";

/** @typedef {import("../shared/wire.js").ClerkSession} ClerkSession */
/** @typedef {import("../shared/wire.js").CheckRecord} CheckRecord */

/**
 * Who is on duty; kept over a reload, so that checks go on without a network.
 *
 * @typedef {Pick<ClerkSession, "organisationName" | "clerkNumber" | "scenes" | "scopes" | "refreshExpiresAt">} Shift
 */

/**
 * What a screen is given.
 *
 * @typedef {object} Context
 * @property {Session<ClerkSession, Shift>} session
 * @property {SeenCodes} seen
 * @property {OfflineCheck[]} offlineChecks What this tab judged itself, newest first.
 * @property {HealthChecked[]} healthChecks The health codes this tab checked, newest first.
 * @property {AbortSignal} signal Fires when the screen is left.
 * @property {(route: string) => void} go
 */

/** @typedef {Pick<CheckRecord, "at" | "verdict" | "typeName">} OfflineCheck */
/** @typedef {{ at: string, verdict: import("./health.js").Check["verdict"], offline: boolean }} HealthChecked Neither whose nor which colour. */

/**
 * @typedef {object} View
 * @property {string} title
 * @property {HTMLElement} node
 * @property {"scan" | "enter" | "history" | "shift"} [tab]
 */

const TRUST_EVERY = 15 * 60 * 1000;

let leave = new AbortController();
let note = "";
const seen = new SeenCodes();
/** @type {OfflineCheck[]} */
const offlineChecks = [];
/** @type {HealthChecked[]} */
const healthChecks = [];

/** @type {Session<ClerkSession, Shift>} */
const session = new Session({
  base: "/verifier/v1/session",
  key: "suishen.clerk",
  keep: ({ organisationName, clerkNumber, scenes, scopes, refreshExpiresAt }) => ({ organisationName, clerkNumber, scenes, scopes, refreshExpiresAt }),
  ended: () => {
    note = t("shiftOver");
    go("#/sign-in");
  },
});

/** @param {string} route */
function go(route) {
  if (location.hash === route) render();
  else location.hash = route;
}

/** @param {Context} context @returns {View} */
function route(context) {
  const [name = "", id = "", what = ""] = location.hash.slice(2).split("/");
  if (!session.open || name === "sign-in" || hasAnswer()) return signInView(context, note);
  if (name === "enter") return enterView(context);
  if (name === "history") return historyView(context);
  if (name === "shift") return shiftView(context);
  if (name === "appeals") return id ? appealCaseView(context, id) : appealsView(context);
  if (name === "manual") return manualView(context);
  if (name === "held") return heldView(context);
  if (name === "venues") {
    if (!id) return venuesView(context);
    return what === "printed" ? venuePrintView(context, id) : venueDisplayView(context, id);
  }
  return scanView(context);
}

function render() {
  leave.abort();
  leave = new AbortController();
  const view = route({ session, seen, offlineChecks, healthChecks, signal: leave.signal, go });
  note = "";
  document.title = `${view.title} · ${t("app")}`;
  const main = h("main", { class: "main", id: "main", tabindex: "-1" }, view.node);
  byId("app").replaceChildren(
    h("div", { class: "frame" }, h("header", { class: "head" }, skipLink(() => main), topbar()), main, view.tab ? tabs(view.tab) : null),
  );
  window.scrollTo(0, 0);
  main.focus({ preventScroll: true });
}

function topbar() {
  const shift = session.kept;
  const state = h("span", { class: "brand__state", role: "status" });
  const show = () => {
    state.dataset.online = String(navigator.onLine);
    state.replaceChildren(icon(navigator.onLine ? "check" : "offline"), t(navigator.onLine ? "online" : "offline"));
  };
  show();
  for (const event of ["online", "offline"]) window.addEventListener(event, show, { signal: leave.signal });
  return h(
    "div",
    { class: "topbar" },
    h(
      "div",
      { class: "brand" },
      h("img", { src: new URL("../icons/scanner.svg", import.meta.url).href, alt: "", width: 36, height: 36 }),
      shift
        ? h("div", { class: "brand__text" }, h("p", { class: "brand__who" }, shift.organisationName), h("div", { class: "brand__more" }, h("span", {}, shift.clerkNumber), state))
        : h("p", { class: "brand__who" }, t("app")),
    ),
    switches(),
  );
}

/** @param {View["tab"]} current */
function tabs(current) {
  const entries = /** @type {const} */ ([
    ["scan", "qr", t("navScan")],
    ["enter", "keyboard", t("navEnter")],
    ["history", "list", t("navHistory")],
    ["shift", "person", t("navShift")],
  ]);
  return h(
    "nav",
    { class: "tabs", "aria-label": t("navLabel") },
    h(
      "ul",
      {},
      ...entries.map(([name, symbol, words]) => h("li", {}, h("a", { href: `#/${name}`, "aria-current": name === current ? "page" : false }, icon(symbol), words))),
    ),
  );
}

/** What an offline check needs, while it can be had. */
async function prepareOffline() {
  try {
    await Promise.all([loadTrust(), loadHealthTrust(), dictionary()]);
    document.body.dataset.offline = "ready";
  } catch (error) {
    if (navigator.onLine && !(error instanceof TypeError)) report(error);
  }
}

mountLive();
prefs.watch((what) => {
  // Size is the style sheets' business: a verdict on the screen, and the code used up for it, must survive.
  if (what === "mode") document.querySelector(".switches")?.replaceWith(switches());
  else render();
  focusSwitch(what);
});
window.addEventListener("hashchange", render);
render();
void keepOffline().then(prepareOffline);
setInterval(() => void prepareOffline(), TRUST_EVERY);
window.addEventListener("online", () => void prepareOffline());
