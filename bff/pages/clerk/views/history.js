// What was checked this shift: kind, occasion, time and verdict. Nobody's name.

import { dictionary } from "../../shared/dictionary.js";
import { h } from "../../shared/dom.js";
import { clockTime, pick } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { paged } from "../../shared/lists.js";
import { fill, pill } from "../../shared/parts.js";
import { look } from "../../shared/verdicts.js";
import { healthPill } from "../health-verdict.js";
import { t } from "../messages.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").CheckRecord} CheckRecord */
/** @template T @typedef {import("../../shared/wire.js").Page<T>} Page */

/**
 * @param {Context} context
 * @returns {View}
 */
export function historyView({ session, signal, offlineChecks, healthChecks }) {
  const box = h("div", { class: "stack" });
  /** @type {Map<string, string>} */
  let scenes = new Map();
  const node = h(
    "div",
    { class: "stack" },
    h("div", {}, h("h1", { class: "page-title" }, t("historyTitle")), h("p", { class: "quiet" }, t("historyLead"))),
    offlineChecks.length
      ? h(
          "section",
          { class: "stack", "aria-labelledby": "offline-title" },
          h("h2", { class: "section-title", id: "offline-title" }, t("onThisDevice")),
          h("ul", { class: "panel checks" }, ...offlineChecks.map((check) => entry(check.typeName, "", check))),
        )
      : null,
    healthChecks.length
      ? h(
          "section",
          { class: "stack", "aria-labelledby": "health-title" },
          h("h2", { class: "section-title", id: "health-title" }, t("healthHere")),
          h("ul", { class: "panel checks" }, ...healthChecks.map(({ at, verdict, offline }) => line(t("health"), [offline ? t("offline") : "", clockTime(at)], healthPill(verdict)))),
        )
      : null,
    box,
  );
  /** @param {string} [cursor] */
  const load = async (cursor) => {
    const query = cursor ? `?cursor=${encodeURIComponent(cursor)}` : "";
    return /** @type {Page<CheckRecord>} */ ((await session.call("GET", `/verifier/v1/verifications${query}`, { signal })).data);
  };
  /** @param {CheckRecord} check */
  const one = (check) => entry(check.typeName, check.scene && (scenes.get(check.scene) ?? check.scene), check);
  void fill(box, signal, () => Promise.all([load(), dictionary()]), ([page, words]) => {
    scenes = new Map(Object.values(words.scenes).map(({ code, name }) => [code, pick(name)]));
    if (!page.items.length && (offlineChecks.length || healthChecks.length)) return [];
    if (!page.items.length) return [h("div", { class: "empty panel" }, icon("list"), h("p", {}, t("noHistory")))];
    const list = h("ul", { class: "panel checks" });
    return paged(list, page, load, (items) => list.append(...items.map(one)), signal);
  });
  return { title: t("historyTitle"), node, tab: "history" };
}

/**
 * @param {CheckRecord["typeName"]} what Null where nothing could be told, or may not be.
 * @param {string | null} where
 * @param {Pick<CheckRecord, "at" | "verdict">} check
 */
function entry(what, where, check) {
  const { tone, icon: symbol, words } = look(check.verdict);
  return line(what ? pick(what) : "—", [where, clockTime(check.at)], pill(tone, symbol, words));
}

/** @param {string} what @param {(string | null)[]} more @param {HTMLElement} answer */
function line(what, more, answer) {
  return h("li", { class: "check" }, h("div", {}, h("p", { class: "check__what" }, what), h("p", { class: "quiet" }, more.filter(Boolean).join(" · "))), answer);
}
