// Entering a code by hand, or with a hand-held scanner, which types and presses Enter.

import { h } from "../../shared/dom.js";
import { looksHealth } from "../health.js";
import { judge } from "../judge.js";
import { t } from "../messages.js";
import { looksSigned } from "../offline/lz1.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */

/**
 * @param {Context} context
 * @returns {View}
 */
export function enterView(context) {
  const input = h("input", { id: "code", name: "code", required: true, maxlength: 2048, autocomplete: "off", autocapitalize: "characters", spellcheck: "false" });
  const verdict = h("div", { class: "stack" });
  const form = h(
    "form",
    {
      class: "panel stack",
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        const code = tidied(input.value);
        input.value = "";
        aim.hidden = true;
        void judge(context, code, verdict, t("nextEntry"), () => {
          aim.hidden = false;
          input.focus();
        });
      },
    },
    h("div", { class: "field" }, h("label", { for: "code" }, t("code")), input),
    h("button", { type: "submit", class: "button button--wide" }, t("check")),
  );
  const aim = h(
    "section",
    { class: "stack", "aria-labelledby": "enter-title" },
    h("div", {}, h("h1", { class: "page-title", id: "enter-title" }, t("enterTitle")), h("p", { class: "quiet" }, t("enterLead"))),
    form,
  );
  requestAnimationFrame(() => input.focus());
  return { title: t("enterTitle"), node: h("div", {}, aim, verdict), tab: "enter" };
}

/**
 * What was meant. A signed code is left as it is: blanks inside it are digits of base45, and in a health code
 * small letters are not large ones. An opaque one is typed by people, in groups and in small letters.
 *
 * @param {string} text
 */
export function tidied(text) {
  const trimmed = text.trimStart();
  return looksSigned(trimmed) || looksHealth(trimmed) ? trimmed : trimmed.replace(/[\s-]/g, "").toUpperCase();
}
