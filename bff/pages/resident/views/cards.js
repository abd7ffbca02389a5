// The first screen, in one call: the certificates, and who looked last. Its blocks fail one by one.

import { h } from "../../shared/dom.js";
import { pick } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { paged } from "../../shared/lists.js";
import { fill, notice, pill } from "../../shared/parts.js";
import { face, lookOf, validity } from "../cards.js";
import { t } from "../messages.js";
import { prefetch } from "../offline-code.js";
import { brief } from "../records.js";
import { briefItem } from "./timeline.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").Block} Block */
/** @typedef {import("../../shared/wire.js").Credential} Credential */
/** @typedef {import("../../shared/wire.js").Home} Home */
/** @typedef {import("../../shared/wire.js").UsageRecord} UsageRecord */
/** @typedef {import("../../shared/wire.js").TimelineEntry} TimelineEntry */
/** @typedef {import("../../shared/wire.js").NoticePage} NoticePage */
/** @template T @typedef {import("../../shared/wire.js").Page<T>} Page */

/**
 * @param {Context} context
 * @param {string} note Why the person is here, if there is something to say.
 * @returns {View}
 */
export function cardsView(context, note) {
  const { session, signal, acting } = context;
  const who = session.kept;
  const box = h("div", { class: "stack" });
  const node = h(
    "div",
    { class: "stack" },
    note ? notice("caution", "info", note) : null,
    h(
      "div",
      { class: "hello" },
      h("h1", {}, acting.now ? t("cardsOf", { name: acting.now.name }) : who?.name ? t("hello", { name: who.name }) : t("helloNobody")),
      who && !acting.now ? pill("quiet", "shield", t("level", { level: who.level })) : null,
    ),
    mayHaveCode(context) ? healthEntry() : null,
    box,
  );
  const show = () =>
    void fill(
      box,
      signal,
      async () => /** @type {Home} */ ((await session.call("GET", "/mp/v1/home", { signal })).data),
      ({ blocks }) => [noticesEntry(context, blocks["notices"]), cardsSection(context, blocks["certificates"], show), nextSection(blocks["timeline"]), usesSection(blocks["recentUses"])],
    );
  show();
  if (mayHaveCode(context)) void prefetch(context);
  return { title: t("cardsTitle"), node, tab: "cards" };
}

/** Who is not real-name has no health code, nor is one shown for somebody without their leave. @param {Context} context */
function mayHaveCode({ session, acting }) {
  return acting.now ? acting.may("health:show") : !["L0", "L1", undefined].includes(session.kept?.level);
}

/** The way to the health code. Without its colour: that is for who opens it, not for who looks over a shoulder. */
function healthEntry() {
  return h(
    "a",
    { class: "health-entry", href: "#/health" },
    h("span", { class: "health-entry__icon" }, icon("qr")),
    h("span", { class: "menu__text" }, h("span", { class: "health-entry__title" }, t("healthTitle")), h("span", { class: "quiet" }, t("healthEntryLead"))),
    icon("arrow"),
  );
}

/** @param {Context} context @param {Block | undefined} block @param {() => void} retry */
function cardsSection(context, block, retry) {
  const page = /** @type {Page<Credential> | null} */ (block?.data ?? null);
  return h(
    "section",
    { class: "stack", "aria-labelledby": "cards-title" },
    h("h2", { class: "section-title", id: "cards-title" }, t(context.acting.now ? "theirCardsTitle" : "cardsTitle")),
    ...(page ? [staleness(block), ...list(context, page)] : [without(context, block, retry)]),
  );
}

/** @param {Block | undefined} block */
function usesSection(block) {
  const page = /** @type {Page<UsageRecord> | null} */ (block?.data ?? null);
  if (block?.status === "forbidden") return h("div", {});
  return h(
    "section",
    { class: "stack", "aria-labelledby": "uses-title" },
    h(
      "div",
      { class: "section-title" },
      h("h2", { id: "uses-title" }, t("lastUse")),
      h("a", { class: "more", href: "#/records" }, t("allRecords"), icon("arrow")),
    ),
    page?.items.length
      ? h("div", { class: "panel panel--list" }, ...page.items.slice(0, 2).map(brief))
      : h("p", { class: "quiet panel" }, page ? t("noRecordsLead") : t("blockGone")),
  );
}

/** The way to what one was told, and how much of it is unread. @param {Context} context @param {Block | undefined} block */
function noticesEntry({ acting }, block) {
  const page = /** @type {NoticePage | null} */ (block?.data ?? null);
  if (acting.now || !page) return h("div", {});
  return h(
    "a",
    { class: "notices-entry", href: "#/notices" },
    h("span", { class: "health-entry__icon" }, icon("list")),
    h(
      "span",
      { class: "menu__text" },
      h("span", { class: "health-entry__title" }, t("noticesTitle")),
      h("span", { class: "quiet" }, page.unread ? t("noticesEntryLead", { count: page.unread }) : t("noticesEntryNone")),
    ),
    icon("arrow"),
  );
}

/** What is next, for oneself and those one acts for. @param {Block | undefined} block */
function nextSection(block) {
  const items = /** @type {TimelineEntry[]} */ (block?.data ?? []);
  if (!items.length) return h("div", {});
  return h(
    "section",
    { class: "stack", "aria-labelledby": "next-title" },
    h("div", { class: "section-title" }, h("h2", { id: "next-title" }, t("timelineTitle")), h("a", { class: "more", href: "#/timeline" }, t("timelineAll"), icon("arrow"))),
    h("div", { class: "panel panel--list" }, ...items.slice(0, 2).map(briefItem)),
  );
}

/** @param {Block | undefined} block */
function staleness(block) {
  return block?.status === "stale" ? h("p", { class: "quiet" }, t("stale")) : "";
}

/**
 * Why there are no certificates to show.
 *
 * @param {Context} context @param {Block | undefined} block @param {() => void} retry
 */
function without({ acting }, block, retry) {
  if (block?.status === "forbidden" && acting.now) return notice("quiet", "ban", t("mayNotRead"), h("p", {}, t("mayNotLead")));
  if (block?.status === "forbidden") {
    return notice("quiet", "shield", t("notRealName"), h("p", {}, t("notRealNameLead")), h("a", { class: "button button--plain", href: "#/account" }, t("accountTitle")));
  }
  return notice(
    "caution",
    "warning",
    t("blockGone"),
    h("button", { type: "button", class: "button button--plain", onclick: retry }, icon("refresh"), t("tryAgain")),
  );
}

/**
 * @param {Context} context
 * @param {Page<Credential>} page
 * @returns {Node[]}
 */
function list(context, page) {
  if (!page.items.length) {
    return [h("div", { class: "empty panel" }, icon("card"), h("p", {}, t(context.acting.now ? "noCardsOf" : "noCards")), context.acting.now ? null : h("p", { class: "quiet" }, t("noCardsLead")))];
  }
  const one = (/** @type {Credential} */ card) => entry(card, context.acting.may("wallet:show"));
  const list = h("ul", { class: "cards" });
  const load = async (/** @type {string} */ cursor) => (await context.session.call("GET", `/mp/v1/credentials?cursor=${encodeURIComponent(cursor)}`, { signal: context.signal })).data;
  return paged(list, page, load, (items) => list.append(...items.map(one)), context.signal);
}

/** @param {Credential} card @param {boolean} showable Whether whoever looks may show it. */
function entry(card, showable) {
  return h(
    "li",
    {},
    h(
      "a",
      { class: "card", href: `#/card/${card.id}`, "data-accent": lookOf(card.type).accent, "data-status": card.status },
      ...face(card, "h3"),
      h(
        "div",
        { class: "card__foot" },
        h("span", {}, card.status === "valid" ? validity(card) : pick(card.statusReason)),
        card.status === "valid" && showable ? h("span", { class: "card__go" }, icon("qr"), t("show")) : null,
      ),
    ),
  );
}
