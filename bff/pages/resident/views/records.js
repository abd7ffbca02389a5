// Who looked, when, and at what.

import { h } from "../../shared/dom.js";
import { dayName } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { paged } from "../../shared/lists.js";
import { fill } from "../../shared/parts.js";
import { claimLabels } from "../labels.js";
import { t } from "../messages.js";
import { entry } from "../records.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").UsageRecord} UsageRecord */
/** @template T @typedef {import("../../shared/wire.js").Page<T>} Page */

/**
 * @param {Context} context
 * @returns {View}
 */
export function recordsView({ session, signal }) {
  const box = h("div", { class: "stack" });
  const node = h(
    "div",
    { class: "stack" },
    h("div", {}, h("h1", { class: "page-title" }, t("recordsTitle")), h("p", { class: "quiet" }, t("recordsLead"))),
    box,
  );
  /** @param {string} [cursor] */
  const load = async (cursor) => {
    const query = cursor ? `?cursor=${encodeURIComponent(cursor)}` : "";
    return /** @type {Page<UsageRecord>} */ ((await session.call("GET", `/mp/v1/usage-records${query}`, { signal })).data);
  };
  void fill(box, signal, () => Promise.all([load(), claimLabels()]), ([page, labels]) => {
    if (!page.items.length) {
      return [h("div", { class: "empty panel" }, icon("list"), h("p", {}, t("noRecords")), h("p", { class: "quiet" }, t("noRecordsLead")))];
    }
    const days = h("div", { class: "stack" });
    return paged(days, page, load, (items) => addByDay(days, items, labels), signal);
  });
  return { title: t("recordsTitle"), node, tab: "records" };
}

/**
 * Append records under the day they belong to; the list is newest first.
 *
 * @param {HTMLElement} days
 * @param {UsageRecord[]} records
 * @param {import("../labels.js").Labels} labels
 */
function addByDay(days, records, labels) {
  for (const record of records) {
    const day = dayName(record.at);
    let section = days.lastElementChild;
    if (!(section instanceof HTMLElement) || section.dataset.day !== day) {
      section = h("section", { class: "stack", "data-day": day }, h("h2", { class: "day" }, day), h("ul", { class: "stack" }));
      days.append(section);
    }
    section.lastElementChild?.append(entry(record, labels));
  }
}
