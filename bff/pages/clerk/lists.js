// What several desks show alike: facts, a list that goes on, and what a person said.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { paged } from "../shared/lists.js";

/** @template T @typedef {import("../shared/wire.js").Page<T>} Page */

/** @param {string} name @param {import("../shared/dom.js").Child} value */
export function fact(name, value) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}

/** @param {string} title @param {string} lead */
export function heading(title, lead) {
  return h("div", {}, h("h1", { class: "page-title" }, title), h("p", { class: "quiet" }, lead));
}

/** @param {string} href @param {string} words */
export function backTo(href, words) {
  return h("a", { class: "button button--plain button--wide", href }, icon("back"), words);
}

/**
 * A list of which the server sends a page at a time.
 *
 * @template Item
 * @param {Page<Item>} page
 * @param {(cursor: string) => Promise<Page<Item>>} load
 * @param {(item: Item) => HTMLElement} one
 * @param {string} nothing What is said of an empty one.
 * @param {AbortSignal} signal
 * @returns {Node[]}
 */
export function pages(page, load, one, nothing, signal) {
  if (!page.items.length) return [h("div", { class: "empty panel" }, icon("list"), h("p", {}, nothing))];
  const list = h("div", { class: "stack" });
  return paged(list, page, load, (items) => list.append(...items.map(one)), signal);
}

/** @param {string} id @param {string} label @param {number} rows */
export function wordsField(id, label, rows = 3) {
  const input = h("textarea", { id, name: id, required: true, maxlength: 2000, rows });
  return { node: h("div", { class: "field" }, h("label", { for: id }, label), input), input };
}

/**
 * @param {string} id @param {string} label
 * @param {(readonly [value: string, words: string])[]} options
 */
export function choiceField(id, label, options) {
  const input = h("select", { id, name: id }, ...options.map(([value, words]) => h("option", { value }, words)));
  return { node: h("div", { class: "field" }, h("label", { for: id }, label), input), input };
}
