// The offline code on the screen: in the place of a code that cannot be had, or of the page that cannot ask who is there.

import { ageWords, colourMark, colourName } from "../../shared/colours.js";
import { h } from "../../shared/dom.js";
import { dayAndTime } from "../../shared/i18n.js";
import { notice } from "../../shared/parts.js";
import { drawQr } from "../../shared/qr.js";
import { t } from "../messages.js";

/** @typedef {import("../../shared/wire.js").OfflineHealthCode} OfflineHealthCode */
/** @typedef {import("../../shared/wire.js").HealthCode} HealthCode */

/** A colour, as the head of the screen tells it. @param {HealthCode["colour"]} colour @param {string} name @param {string} since */
export function faceOf(colour, name, since) {
  return [
    colourMark(colour),
    h("p", { class: "health__colour" }, colourName(colour)),
    h("p", { class: "health__name" }, name),
    h("p", { class: "health__since" }, since),
  ];
}

/** @param {OfflineHealthCode} code */
export function carriedFace(code) {
  return faceOf(code.colour, t("offlineCode"), t("offlineUntil", { when: dayAndTime(code.expiresAt) }));
}

/** @param {OfflineHealthCode} code */
export function carriedAge(code) {
  return `${t("healthAsOf", { when: dayAndTime(code.asOf) })} · ${ageWords((Date.now() - Date.parse(code.asOf)) / 1000)}`;
}

/** @param {OfflineHealthCode} code */
export function carriedCode(code) {
  return [
    h("div", { class: "show__qr show__qr--carried" }, drawQr(code.code, t("offlineQr"))),
    notice("caution", "offline", t("offlineCode"), h("p", {}, t("offlineLead"))),
  ];
}

/** All of it, where nothing else is to be had. @param {OfflineHealthCode} code */
export function carried(code) {
  return h(
    "section",
    { class: "health health--alone", "data-colour": code.colour, "aria-labelledby": "health-title" },
    h(
      "header",
      { class: "health__head" },
      h("span"),
      h("h1", { id: "health-title" }, t("healthTitle")),
      h("div", { class: "health__face" }, ...carriedFace(code)),
      h("p", { class: "health__age" }, carriedAge(code)),
    ),
    h("div", { class: "health__sheet" }, h("div", { class: "health__code" }, ...carriedCode(code))),
  );
}
