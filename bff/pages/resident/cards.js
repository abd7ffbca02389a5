// How a certificate looks: its accent, its emblem, and its status in colour, icon and words.

import { icon } from "../shared/icons.js";
import { h } from "../shared/dom.js";
import { pick } from "../shared/i18n.js";
import { pill } from "../shared/parts.js";
import { t } from "./messages.js";

/** @typedef {import("../shared/wire.js").Credential} Credential */
/** @typedef {import("../shared/icons.js").IconName} IconName */

/** @type {Record<string, readonly [accent: string, emblem: IconName]>} */
const KNOWN = {
  "resident-id-card": ["azure", "card"],
  "residence-permit": ["teal", "home"],
  "driving-licence": ["indigo", "car"],
  "business-licence": ["garnet", "building"],
  "birth-certificate": ["rose", "baby"],
  "social-security-card": ["amber", "shield"],
  "property-certificate": ["moss", "key"],
};
const ACCENTS = ["azure", "teal", "indigo", "garnet", "rose", "amber", "moss"];

/**
 * @param {string} type
 * @returns {{ accent: string, emblem: IconName }}
 */
export function lookOf(type) {
  const known = KNOWN[type];
  if (known) return { accent: known[0], emblem: known[1] };
  const sum = [...type].reduce((total, char) => total + char.charCodeAt(0), 0);
  return { accent: ACCENTS[sum % ACCENTS.length] ?? "azure", emblem: "page" };
}

/** @param {Credential["status"]} status */
export function statusPill(status) {
  switch (status) {
    case "valid":
      return pill("good", "check", t("statusValid"));
    case "notYetValid":
      return pill("caution", "clock", t("statusNotYetValid"));
    case "expired":
      return pill("bad", "clock", t("statusExpired"));
    case "suspended":
      return pill("caution", "pause", t("statusSuspended"));
    case "revoked":
      return pill("bad", "ban", t("statusRevoked"));
  }
}

/** @param {Credential} card */
export function validity(card) {
  return card.validUntil ? t("untilDay", { day: card.validUntil }) : t("untilForever");
}

/** @param {string} type */
export function emblem(type) {
  return h("span", { class: "emblem" }, icon(lookOf(type).emblem));
}

/**
 * The face of a certificate.
 *
 * @param {Credential} card
 * @param {"h1" | "h2" | "h3"} level
 */
export function face(card, level) {
  return [
    h(
      "div",
      { class: "card__head" },
      emblem(card.type),
      h("div", { class: "card__name" }, h(level, {}, pick(card.typeName)), h("p", { class: "card__issuer" }, card.issuerName)),
      statusPill(card.status),
    ),
    h(
      "div",
      { class: "card__body" },
      h("p", { class: "card__holder" }, card.title),
      h("p", { class: "card__number" }, card.number),
    ),
  ];
}
