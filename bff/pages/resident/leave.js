// What one may be let do, and until when: the same on whichever side one asks.

import { h } from "../shared/dom.js";
import { field, tick } from "./forms.js";
import { t } from "./messages.js";

/** @typedef {"wallet:read" | "wallet:show" | "health:show"} Scope */

const DAY = 86_400_000;
const USUAL = 30;
const LONGEST = 365;
const WORDS = /** @satisfies {Record<Scope, Parameters<typeof t>[0]>} */ ({ "wallet:read": "scopeRead", "wallet:show": "scopeShow", "health:show": "scopeHealth" });

/** All of them ticked. @param {Scope[]} scopes */
export function scopesChoice(scopes) {
  const ticks = scopes.map((value) => tick(t(WORDS[value]), { name: "scope", value, checked: true }));
  return {
    node: h("fieldset", { class: "choice" }, h("legend", {}, t("askScopes")), ...ticks.map(({ node }) => node)),
    chosen: () => ticks.filter(({ input }) => input.checked).map(({ input }) => input.value),
  };
}

/** @param {string} id */
export function untilField(id) {
  return field(id, t("askUntil"), { type: "date", value: day(USUAL), min: day(1), max: day(LONGEST) });
}

/** The end of the chosen day in Shanghai. @param {HTMLInputElement} input */
export function endOf(input) {
  return new Date(`${input.value}T23:59:59+08:00`).toISOString();
}

/** The day in Shanghai, so many days from now. @param {number} days */
function day(days) {
  return new Date(Date.now() + 8 * 3_600_000 + days * DAY).toISOString().slice(0, 10);
}
