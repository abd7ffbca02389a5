// A way on, with an icon, a title and a line about it.

import { h } from "./dom.js";
import { icon } from "./icons.js";

/** @param {string} href @param {import("./icons.js").IconName} symbol @param {string} title @param {string} lead */
export function menuEntry(href, symbol, title, lead) {
  return h(
    "a",
    { class: "menu__entry", href },
    h("span", { class: "menu__icon" }, icon(symbol)),
    h("span", { class: "menu__text" }, h("span", { class: "menu__title" }, title), h("span", { class: "quiet" }, lead)),
    icon("arrow"),
  );
}
