// Pieces of the operators' forms, and of what they read.

import { h } from "../shared/dom.js";
import { t } from "./messages.js";

const EVERY = 5_000; // milliseconds

/**
 * A labelled field.
 *
 * @param {string} id @param {string} label @param {Record<string, unknown>} [attributes]
 */
export function field(id, label, attributes = {}) {
  const input = h("input", { id, name: id, required: true, autocapitalize: "off", autocomplete: "off", spellcheck: "false", ...attributes });
  return { node: h("div", { class: "field" }, h("label", { for: id }, label), input), input };
}

/**
 * One of several.
 *
 * @param {string} id @param {string} label @param {readonly (readonly [value: string, words: string])[]} options
 */
export function choice(id, label, options) {
  const input = h("select", { id, name: id }, ...options.map(([value, words]) => h("option", { value }, words)));
  return { node: h("div", { class: "field" }, h("label", { for: id }, label), input), input };
}

/** Why somebody does something. @param {string} id */
export function reasonField(id) {
  return field(id, t("reason"), { minlength: 2, maxlength: 200 });
}

/** Pairs of a name and what it is. @param {(readonly [name: string, value: import("../shared/dom.js").Child] | null)[]} pairs */
export function facts(pairs) {
  return h("dl", { class: "facts" }, ...pairs.map((pair) => pair && h("div", {}, h("dt", {}, pair[0]), h("dd", {}, pair[1]))));
}

/** @param {number} count */
export function number(count) {
  return count.toLocaleString("en-US");
}

/**
 * Look again every five seconds for as long as the screen is there and seen. What cannot be had stays as it was.
 *
 * @param {AbortSignal} signal @param {() => Promise<unknown>} look
 */
export function every(signal, look) {
  const timer = setInterval(() => {
    if (document.visibilityState === "visible") void look().catch(() => undefined);
  }, EVERY);
  signal.addEventListener("abort", () => clearInterval(timer));
}
