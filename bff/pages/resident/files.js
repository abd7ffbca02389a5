// A file made here, for the person to keep. It never was on any server as a file.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";

/**
 * A link that saves `text`; what it holds is let go with the screen.
 *
 * @param {string} text @param {string} type @param {string} name @param {string} words @param {AbortSignal} signal
 */
export function saveLink(text, type, name, words, signal) {
  const href = URL.createObjectURL(new Blob([text], { type }));
  signal.addEventListener("abort", () => URL.revokeObjectURL(href));
  return h("a", { class: "button button--wide", href, download: name }, icon("download"), words);
}
