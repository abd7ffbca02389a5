// A use of a certificate, short and in full.

import { h } from "../shared/dom.js";
import { dayAndTime, moment, pick } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { pill } from "../shared/parts.js";
import { look } from "../shared/verdicts.js";
import { t } from "./messages.js";
import { shownByWords } from "./words.js";

/** @typedef {import("./labels.js").Labels} Labels */
/** @typedef {import("../shared/wire.js").UsageRecord} UsageRecord */

/** @param {UsageRecord} record */
export function brief(record) {
  const { tone, icon: symbol, words } = look(record.verdict);
  return h(
    "a",
    { class: "use", href: "#/records" },
    h("span", { class: "use__icon", "data-tone": tone }, icon(symbol)),
    h(
      "span",
      { class: "use__text" },
      h("span", { class: "use__who" }, record.organisation),
      h("span", { class: "use__what" }, `${pick(record.typeName)} · ${dayAndTime(record.at)} · ${words}`),
    ),
  );
}

/**
 * The names of claims as a person reads them.
 *
 * @param {string[]} names
 * @param {string} type Of the certificate they are of.
 * @param {Labels} labels
 */
export function claimNames(names, type, labels) {
  const known = labels.get(type);
  return names.map((name) => known?.get(name) ?? name).join(t("comma"));
}

/**
 * Everything the record says, as a definition list.
 *
 * @param {UsageRecord} record
 * @param {Labels} labels
 */
export function facts(record, labels) {
  /** @type {[string, string][]} */
  const rows = [
    [t("organisation"), record.organisation],
    ...(record.shownBy ? [/** @type {[string, string]} */ ([t("shownBy"), shownByWords(record.shownBy)])] : []),
    [t("clerk"), t("clerkNumber", { number: record.clerkNumber })],
    [t("scene"), pick(record.sceneName)],
    [t("at"), moment(record.at)],
    [t("sawClaims"), record.claims.length ? claimNames(record.claims, record.type, labels) : t("sawNothing")],
  ];
  return h("dl", { class: "facts" }, ...rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

/**
 * @param {UsageRecord} record
 * @param {Labels} labels
 */
export function entry(record, labels) {
  const { tone, icon: symbol, words } = look(record.verdict);
  return h(
    "li",
    { class: "panel record" },
    h(
      "div",
      { class: "record__head" },
      h("h3", {}, pick(record.typeName)),
      pill(tone, symbol, words),
    ),
    facts(record, labels),
  );
}
