// The residents' page: which screen, in which frame.

import { byId, h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { mountLive, say } from "../shared/live.js";
import { hasAnswer } from "../shared/openid.js";
import { focusSwitch, isAbort, offlineStrip, report, skipLink, switches, trouble } from "../shared/parts.js";
import { prefs } from "../shared/prefs.js";
import { Session } from "../shared/session.js";
import { Acting, banner } from "./acting.js";
import { keepUp } from "./browser-push.js";
import { takeArrival } from "./errands.js";
import { t } from "./messages.js";
import { forgetOfflineCode } from "./offline-code.js";
import { keepPage } from "./release.js";
import { StepUps } from "./step-up.js";
import { accountView } from "./views/account.js";
import { actingView } from "./views/acting.js";
import { appealProgressView, appealsView, appealView } from "./views/appeals.js";
import { appointView } from "./views/appoint.js";
import { askView } from "./views/ask.js";
import { bringView } from "./views/bring.js";
import { cardView } from "./views/card.js";
import { cardsView } from "./views/cards.js";
import { checkInView } from "./views/checkin.js";
import { copyView } from "./views/copy.js";
import { declareView } from "./views/declare.js";
import { deletionView } from "./views/deletion.js";
import { devicesView } from "./views/devices.js";
import { errandView } from "./views/errand.js";
import { familyView, memberView } from "./views/family.js";
import { healthView } from "./views/health.js";
import { levelView } from "./views/level.js";
import { meView } from "./views/me.js";
import { noticesView } from "./views/notices.js";
import { notWhileActingView } from "./views/not-while-acting.js";
import { phoneView } from "./views/phone.js";
import { paperView } from "./views/paper.js";
import { recordsView } from "./views/records.js";
import { receiptView } from "./views/receipt.js";
import { remindersView } from "./views/reminders.js";
import { showView } from "./views/show.js";
import { signInView } from "./views/sign-in.js";
import { timelineView } from "./views/timeline.js";
import { togetherShownView, togetherView } from "./views/together.js";

/** @typedef {import("../shared/wire.js").ResidentSession} ResidentSession */
/** @typedef {{ name: string | null, level: string }} Who */

/**
 * What a screen is given.
 *
 * @typedef {object} Context
 * @property {Session<ResidentSession, Who>} session
 * @property {StepUps} stepUps
 * @property {Acting} acting
 * @property {AbortSignal} signal Fires when the screen is left.
 * @property {(route: string) => void} go
 * @property {(note?: string) => void} signedOut
 * @property {() => Promise<void>} beMyself Stop acting for somebody.
 */

/**
 * A screen. `bare` ones fill the page without the frame.
 *
 * @typedef {object} View
 * @property {string} title
 * @property {HTMLElement} node
 * @property {"cards" | "records" | "me" | null} [tab]
 * @property {boolean} [bare]
 * @property {string} [back] Route of the screen above.
 */

let leave = new AbortController();
let note = "";
let begun = false;

const acting = new Acting((words) => {
  note = words;
  say(words, { now: true });
  // Not from within the call that found out: the next one waits for it to be over.
  setTimeout(() => go("#/cards"));
});

/** @type {Session<ResidentSession, Who>} */
const session = new Session({
  base: "/mp/v1/session",
  key: "suishen.resident",
  keep: (tokens) => ({ name: tokens.displayName ?? null, level: tokens.assurance }),
  ended: () => signedOut(t("sessionOver")),
  speaks: (access) => acting.speaks(access),
});
const stepUps = new StepUps(session);

/** @param {string} [words] */
function signedOut(words = "") {
  note = words;
  begun = false;
  acting.forget();
  forgetOfflineCode();
  go("#/sign-in");
}

async function beMyself() {
  try {
    await acting.back(session, leave.signal);
    say(t("wasBack"));
    go("#/cards");
  } catch (error) {
    if (leave.signal.aborted || isAbort(error)) return;
    report(error);
    byId("main").prepend(trouble(error, () => void beMyself()));
  }
}

/** @param {string} route */
function go(route) {
  if (location.hash === route) render();
  else location.hash = route;
}

/**
 * What is one's own, and nobody's to see or change in another's name.
 *
 * @type {Record<string, (context: Context) => View>}
 */
const OWN = {
  "#/account": accountView,
  "#/account/phone": phoneView,
  "#/account/level": levelView,
  "#/account/copy": copyView,
  "#/account/deletion": deletionView,
  "#/devices": devicesView,
  "#/acting": actingView,
  "#/acting/ask": askView,
  "#/acting/appoint": appointView,
  "#/health/bring": bringView,
  "#/health/family": familyView,
  "#/notices": noticesView,
  "#/reminders": remindersView,
};

/** @param {Context} context @returns {View} */
function route(context) {
  const arrived = takeArrival();
  if (session.open && arrived?.errand && arrived.errand.for !== "signIn") return errandView(context, arrived, arrived.errand);
  const [, name = "", id = "", scene = "", more = ""] = location.hash.split("/").map(decodeURIComponent);
  if (name === "receipt") return receiptView(context);
  if (!session.open || name === "sign-in" || hasAnswer()) return signInView(context, note, arrived);
  const own = OWN[location.hash];
  if (own) return acting.now ? notWhileActingView(context, acting.now) : own(context);
  if (name === "card" && id) return cardView(context, id);
  if (name === "show" && id) return showView(context, id, scene || "general");
  if (name === "health") return healthRoute(context, id, scene, more);
  if (name === "records") return recordsView(context);
  if (name === "timeline") return timelineView(context);
  if (name === "me") return meView(context);
  return cardsView(context, note);
}

/** @param {Context} context @param {string} what @param {string} id @param {string} scene @returns {View} */
function healthRoute(context, what, id, scene) {
  if (what === "family" && id) return context.acting.now ? notWhileActingView(context, context.acting.now) : memberView(context, id);
  if (what === "appeal" && id) return appealView(context, id);
  if (what === "appeals") return id ? appealProgressView(context, id) : appealsView(context);
  if (what === "checkin") return checkInView(context);
  if (what === "paper") return paperView(context);
  if (what === "together") return id ? togetherShownView(context, id, scene || "general") : togetherView(context);
  if (what === "declare") return declareView(context);
  return healthView(context);
}

function render() {
  leave.abort();
  leave = new AbortController();
  const view = route({ session, stepUps, acting, signal: leave.signal, go, signedOut, beMyself });
  note = "";
  if (session.open && !acting.now && !begun) {
    begun = true;
    // Nothing here waits for it: it is tried again at the next start.
    void keepUp(session).catch(() => undefined);
  }
  document.title = `${view.title} · ${t("app")}`;
  const main = h("main", { class: view.bare ? "bare" : "main", id: "main", tabindex: "-1" }, view.node);
  byId("app").replaceChildren(
    ...(acting.now && session.open ? [banner(acting.now, () => void beMyself())] : []),
    view.bare ? main : framed(view, main),
  );
  window.scrollTo(0, 0);
  main.focus({ preventScroll: true });
}

/** @param {View} view @param {HTMLElement} main */
function framed(view, main) {
  const strip = offlineStrip();
  for (const event of ["online", "offline"]) {
    window.addEventListener(event, () => (strip.hidden = navigator.onLine), { signal: leave.signal });
  }
  return h(
    "div",
    { class: "frame" },
    h("header", {}, skipLink(() => main), strip, h("div", { class: "topbar" }, view.back ? backLink(view.back) : brand(), switches())),
    main,
    view.tab === undefined ? null : tabs(view.tab),
  );
}

function brand() {
  return h(
    "p",
    { class: "brand" },
    h("img", { src: new URL("../icons/mark.svg", import.meta.url).href, alt: "", width: 32, height: 32 }),
    t("app"),
  );
}

/** @param {string} to */
function backLink(to) {
  return h("a", { class: "back", href: to }, icon("back"), t("back"));
}

/** @param {View["tab"]} current */
function tabs(current) {
  const entries = /** @type {const} */ ([
    ["cards", "#/cards", "card", t("navCards")],
    ["records", "#/records", "list", t("navRecords")],
    ["me", "#/me", "person", t("navMe")],
  ]);
  return h(
    "nav",
    { class: "tabs", "aria-label": t("navLabel") },
    h(
      "ul",
      {},
      ...entries.map(([name, href, symbol, words]) =>
        h("li", {}, h("a", { href, "aria-current": name === current ? "page" : false }, icon(symbol), words)),
      ),
    ),
  );
}

// Back from a face check, by the address the provider was given.
if (new URLSearchParams(location.search).has("face")) history.replaceState(null, "", `${location.pathname}#/account/level`);
mountLive();
prefs.watch((what) => {
  render();
  focusSwitch(what);
});
window.addEventListener("hashchange", render);
render();
void keepPage();
