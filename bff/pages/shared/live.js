// Words for those who do not look at the screen.

import { h } from "./dom.js";

const polite = h("div", { class: "visually-hidden", role: "status", "aria-live": "polite" });
const urgent = h("div", { class: "visually-hidden", role: "alert", "aria-live": "assertive" });

/** Put the regions into the page: a region must be there before its words are. */
export function mountLive() {
  document.body.append(polite, urgent);
}

/**
 * @param {string} words
 * @param {{ now?: boolean }} [options] `now` interrupts what is being read.
 */
export function say(words, { now = false } = {}) {
  const region = now ? urgent : polite;
  // The same words twice are no change, and would not be read.
  region.textContent = "";
  setTimeout(() => {
    region.textContent = words;
  }, 60);
}
