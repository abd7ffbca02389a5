// Why a health code has its colour (赋码原因): each rule that holds, what it rests on, and what clears it.

import { colourName, colourTag } from "../shared/colours.js";
import { h } from "../shared/dom.js";
import { dayAndTime, pick } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { notice } from "../shared/parts.js";
import { t } from "./messages.js";
import { evidenceName } from "./words.js";

/** @typedef {import("../shared/wire.js").HealthCode} HealthCode */
/** @typedef {import("../shared/wire.js").ColourReason} ColourReason */

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
    h(
      "dl",
      { class: "panel facts" },
      fact(t("nextChange"), code.nextChangeAt ? t("nextChangeAt", { when: dayAndTime(code.nextChangeAt) }) : t("nextChangeNone")),
      fact(t("ruleSet"), t("ruleSetVersion", { version: code.ruleSetVersion, id: code.ruleSet.slice(0, 12) })),
    ),
  ];
}

/** @param {HealthCode} code */
function unknown({ unknown: gaps }) {
  if (!gaps.length) return null;
  return notice("caution", "warning", t("whyUnknown"), h("ul", { class: "points" }, ...gaps.map((gap) => h("li", {}, pick(gap)))));
}

/** A reason, and the way to say that it is wrong. @param {ColourReason} reason */
function reason(reason) {
  const panel = reasonPanel(reason);
  if (reason.evidence) panel.append(h("a", { class: "button button--plain button--wide", href: `#/health/appeal/${reason.evidence}` }, icon("text"), t("appealThis")));
  return panel;
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

/** @param {string} name @param {string} value */
function fact(name, value) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}
