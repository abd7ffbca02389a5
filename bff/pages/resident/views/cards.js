// The first screen: the certificates, and who looked last.

import { h } from "../../shared/dom.js";
import { pick } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { fill, pill, report, trouble } from "../../shared/parts.js";
import { face, lookOf, validity } from "../cards.js";
import { t } from "../messages.js";
import { brief } from "../records.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").Credential} Credential */
/** @typedef {import("../../shared/wire.js").UsageRecord} UsageRecord */
/** @template T @typedef {import("../../shared/wire.js").Page<T>} Page */

/**
 * @param {Context} context
 * @returns {View}
 */
export function cardsView(context) {
  const { session, signal } = context;
  const cards = h("div", { class: "stack" });
  const uses = h("div", { class: "stack" });
  const who = session.kept;
  const node = h(
    "div",
    { class: "stack" },
    h(
      "div",
      { class: "hello" },
      h("h1", {}, who?.name ? t("hello", { name: who.name }) : t("helloNobody")),
      who ? pill("quiet", "shield", t("level", { level: who.level })) : null,
    ),
    h("section", { class: "stack", "aria-labelledby": "cards-title" }, h("h2", { class: "section-title", id: "cards-title" }, t("cardsTitle")), cards),
    h(
      "section",
      { class: "stack", "aria-labelledby": "uses-title" },
      h(
        "div",
        { class: "section-title" },
        h("h2", { id: "uses-title" }, t("lastUse")),
        h("a", { class: "more", href: "#/records" }, t("allRecords"), icon("arrow")),
      ),
      uses,
    ),
  );
  void fill(
    cards,
    signal,
    async () => /** @type {Page<Credential>} */ ((await session.call("GET", "/mp/v1/credentials", { signal })).data),
    (page) => list(context, page),
  );
  void fill(
    uses,
    signal,
    async () => /** @type {Page<UsageRecord>} */ ((await session.call("GET", "/mp/v1/usage-records?limit=2", { signal })).data),
    (page) => (page.items.length ? [h("div", { class: "panel panel--list" }, ...page.items.slice(0, 2).map(brief))] : [h("p", { class: "quiet panel" }, t("noRecordsLead"))]),
    1,
  );
  return { title: t("cardsTitle"), node, tab: "cards" };
}

/**
 * @param {Context} context
 * @param {Page<Credential>} page
 * @returns {HTMLElement[]}
 */
function list(context, page) {
  if (!page.items.length) {
    return [h("div", { class: "empty panel" }, icon("card"), h("p", {}, t("noCards")), h("p", { class: "quiet" }, t("noCardsLead")))];
  }
  const items = h("ul", { class: "cards" }, ...page.items.map(entry));
  return [items, ...moreButton(context, page, (next) => items.append(...next.items.map(entry)))];
}

/**
 * A button for the next page, replaced by the one after.
 *
 * @param {Context} context
 * @param {Page<Credential>} page
 * @param {(page: Page<Credential>) => void} add
 * @returns {HTMLElement[]}
 */
function moreButton({ session, signal }, page, add) {
  let cursor = page.nextCursor;
  if (!cursor) return [];
  const box = h("div", {});
  const load = async () => {
    try {
      const { data } = await session.call("GET", `/mp/v1/credentials?cursor=${encodeURIComponent(cursor ?? "")}`, { signal });
      add(data);
      cursor = data.nextCursor;
      if (!cursor) box.remove();
    } catch (error) {
      if (signal.aborted) return;
      report(error);
      box.replaceChildren(trouble(error, () => void load()));
    }
  };
  box.append(h("button", { type: "button", class: "button button--plain button--wide", onclick: () => void load() }, t("more")));
  return [box];
}

/** @param {Credential} card */
function entry(card) {
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
        card.status === "valid" ? h("span", { class: "card__go" }, icon("qr"), t("show")) : null,
      ),
    ),
  );
}
