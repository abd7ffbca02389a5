// Why a health code has its colour (赋码原因): each rule that holds, what it rests on, and what clears it.

import { ageWords, colourName, colourTag } from "../shared/colours.js";
import { h } from "../shared/dom.js";
import { dayAndTime, pick } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { notice, pill } from "../shared/parts.js";
import { t } from "./messages.js";
import { certificateName, evidenceName, outcomeName } from "./words.js";

/** @typedef {import("../shared/wire.js").HealthCode} HealthCode */
/** @typedef {import("../shared/wire.js").ColourReason} ColourReason */
/** @typedef {import("../shared/wire.js").ForeignEvidence} ForeignEvidence */

/** @param {HealthCode} code @returns {HTMLElement[]} */
export function why(code) {
  const [decisive, ...more] = code.reasons;
  return [
    h(
      "section",
      { class: "stack", "aria-labelledby": "why-title" },
      h("h2", { class: "section-title", id: "why-title" }, t("whyTitle", { colour: colourName(code.colour) })),
      code.colour === "GREY" ? notice("quiet", "info", t("whyGrey")) : null,
      unknown(code),
      code.colour === "GREY" ? appealLink("GREY") : null,
      decisive ? reason(decisive) : code.colour === "GREY" ? null : h("p", { class: "panel" }, t("whyNothing")),
    ),
    more.length
      ? h(
          "section",
          { class: "stack", "aria-labelledby": "why-more" },
          h("h2", { class: "section-title", id: "why-more" }, t("whyMore")),
          ...more.map(reason),
        )
      : h("div", {}),
    code.elsewhere?.length
      ? h(
          "section",
          { class: "stack", "aria-labelledby": "why-elsewhere" },
          h("h2", { class: "section-title", id: "why-elsewhere" }, t("elsewhereTitle")),
          h("p", { class: "quiet" }, t("elsewhereLead")),
          ...code.elsewhere.map(elsewhere),
        )
      : h("div", {}),
    h(
      "dl",
      { class: "panel facts" },
      fact(t("nextChange"), code.nextChangeAt ? t("nextChangeAt", { when: dayAndTime(code.nextChangeAt) }) : t("nextChangeNone")),
      fact(t("ruleSet"), t("ruleSetVersion", { version: code.ruleSetVersion, id: code.ruleSet.slice(0, 12) })),
    ),
  ];
}

/** @param {HealthCode["unknown"]} gaps */
function gapList(gaps) {
  return h("ul", { class: "points" }, ...gaps.map((gap) => h("li", {}, pick(gap))));
}

/** What is grey, and why, for an appeal. @param {HealthCode} code */
export function greyPanel({ unknown: gaps }) {
  return h("article", { class: "panel reason", "data-colour": "GREY" }, h("p", { class: "reason__head" }, colourTag("GREY")), gapList(gaps));
}

/** @param {HealthCode} code */
function unknown({ unknown: gaps }) {
  if (!gaps.length) return null;
  return notice("caution", "warning", t("whyUnknown"), gapList(gaps));
}

/** A reason, and the way to say that it is wrong. @param {ColourReason} reason */
function reason(reason) {
  const panel = reasonPanel(reason);
  panel.append(appealLink(reason.evidence ?? reason.rule));
  return panel;
}

/** To an appeal against evidence or, where a colour rests on none, against its rule. @param {string} what */
function appealLink(what) {
  return h("a", { class: "button button--plain button--wide", href: `#/health/appeal/${what}` }, icon("text"), t("appealThis"));
}

/** @param {ColourReason} reason */
export function reasonPanel(reason) {
  return h(
    "article",
    { class: "panel reason", "data-colour": reason.colour },
    h("p", { class: "reason__head" }, colourTag(reason.colour)),
    h("p", { class: "reason__text" }, pick(reason.text)),
    h(
      "dl",
      { class: "facts" },
      reason.evidenceKind ? fact(t("reasonHappened"), evidenceName(reason.evidenceKind)) : null,
      reason.occurredAt ? fact(t("reasonWhen"), dayAndTime(reason.occurredAt)) : null,
      fact(t("reasonClears"), pick(reason.clears)),
      fact(t("reasonUntil"), reason.until ? dayAndTime(reason.until) : t("reasonUntilNot")),
      fact(t("reasonSource"), reason.legalSource),
      fact(t("reasonRule"), t("reasonRuleVersion", { rule: reason.rule, version: reason.version })),
    ),
  );
}

/** What another place says: its source, its age, and what to make of it. @param {ForeignEvidence} said */
function elsewhere(said) {
  const shown = said.shown ? colourTag(said.shown) : said.outcome ? h("span", {}, outcomeName(said.outcome)) : null;
  return h(
    "article",
    { class: "panel elsewhere", "data-stale": String(said.stale) },
    h(
      "div",
      { class: "member__head" },
      h("h3", { class: "elsewhere__who" }, said.issuer),
      said.stale ? pill("caution", "clock", t("elsewhereStale")) : pill("quiet", "info", t("elsewhereFresh")),
    ),
    h(
      "dl",
      { class: "facts" },
      h("div", {}, h("dt", {}, certificateName(said.certificate)), h("dd", {}, shown ?? t("elsewhereOnFile"))),
      fact(t("elsewhereAsOf"), `${dayAndTime(said.asOf)} · ${ageWords((Date.now() - Date.parse(said.asOf)) / 1000)}`),
      said.area ? fact(t("elsewhereArea"), said.area) : null,
      fact(t("elsewhereBrought"), t(said.brought === "CARRIED" ? "elsewhereCarried" : "elsewhereReported")),
    ),
    h("p", { class: "quiet" }, pick(said.note)),
  );
}

/** @param {string} name @param {string} value */
function fact(name, value) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}
