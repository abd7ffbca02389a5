// The operators' page: which screen, in which frame.

import { byId, h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { mountLive } from "../shared/live.js";
import { focusSwitch, skipLink, switches } from "../shared/parts.js";
import { prefs } from "../shared/prefs.js";
import { Session } from "../shared/session.js";
import { t } from "./messages.js";
import { campaignView } from "./views/campaign.js";
import { campaignsView } from "./views/campaigns.js";
import { deadView } from "./views/dead.js";
import { draftView } from "./views/draft.js";
import { findView } from "./views/find.js";
import { overviewView } from "./views/overview.js";
import { signInView } from "./views/sign-in.js";
import { storyView } from "./views/story.js";

/** @typedef {import("../shared/wire.js").ClerkSession} ClerkSession */
/** @typedef {Pick<ClerkSession, "organisationName" | "clerkNumber">} Operator Who is signed in. */

/**
 * What a screen is given.
 *
 * @typedef {object} Context
 * @property {Session<ClerkSession, Operator>} session
 * @property {AbortSignal} signal Fires when the screen is left.
 * @property {(route: string) => void} go
 */

/**
 * @typedef {object} View
 * @property {string} title
 * @property {HTMLElement} node
 * @property {"" | "dead" | "find" | "campaigns"} [tab]
 */

let leave = new AbortController();
let note = "";

/** @type {Session<ClerkSession, Operator>} */
const session = new Session({
  base: "/verifier/v1/session",
  key: "suishen.console",
  keep: ({ organisationName, clerkNumber }) => ({ organisationName, clerkNumber }),
  ended: () => {
    note = t("sessionOver");
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
  const [name = "", rest = ""] = location.hash.slice(2).split("/");
  if (!session.open || name === "sign-in") return signInView(context, note);
  if (name === "dead") return deadView(context);
  if (name === "find") return findView(context);
  if (name === "notice") return storyView(context, rest);
  if (name === "campaigns") return campaignsView(context);
  if (name === "campaign") return campaignView(context, rest);
  if (name === "draft") return draftView(context);
  return overviewView(context);
}

function render() {
  leave.abort();
  leave = new AbortController();
  const view = route({ session, signal: leave.signal, go });
  note = "";
  document.title = `${view.title} · ${t("app")}`;
  const main = h("main", { class: "main", id: "main", tabindex: "-1" }, view.node);
  byId("app").replaceChildren(
    h("div", { class: "frame" }, h("header", { class: "head" }, skipLink(() => main), topbar()), main, view.tab === undefined ? null : tabs(view.tab)),
  );
  window.scrollTo(0, 0);
  main.focus({ preventScroll: true });
}

function topbar() {
  const operator = session.kept;
  return h(
    "div",
    { class: "topbar" },
    h(
      "div",
      { class: "brand" },
      h("img", { src: new URL("../icons/mark.svg", import.meta.url).href, alt: "", width: 32, height: 32 }),
      h("div", { class: "brand__text" }, h("p", { class: "brand__who" }, t("app")), operator ? h("p", { class: "brand__more" }, `${operator.organisationName} ${operator.clerkNumber}`) : null),
    ),
    switches(),
  );
}

/** @param {View["tab"]} current */
function tabs(current) {
  const entries = /** @type {const} */ ([
    ["", "home", t("navOverview")],
    ["dead", "warning", t("navDead")],
    ["find", "list", t("navFind")],
    ["campaigns", "people", t("navCampaigns")],
  ]);
  return h(
    "nav",
    { class: "tabs", "aria-label": t("navLabel") },
    h("ul", {}, ...entries.map(([name, symbol, words]) => h("li", {}, h("a", { href: `#/${name}`, "aria-current": name === current ? "page" : false }, icon(symbol), words)))),
  );
}

mountLive();
prefs.watch((what) => {
  // Size is the style sheets' business: a form that is half filled in must survive.
  if (what === "mode") document.querySelector(".switches")?.replaceWith(switches());
  else render();
  focusSwitch(what);
});
window.addEventListener("hashchange", render);
render();
