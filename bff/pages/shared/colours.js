// The four colours of a health code (码色): each is a shape and a word, and the colour only repeats them.

import { h, s } from "./dom.js";
import { translator } from "./i18n.js";

/** @typedef {import("./wire.js").HealthCode["colour"]} Colour */

const words = translator({
  GREEN: ["绿码", "Green"],
  YELLOW: ["黄码", "Yellow"],
  RED: ["红码", "Red"],
  GREY: ["灰码", "Grey"],
  ageNow: ["刚刚更新", "Up to date"],
  ageMinutes: ["{n} 分钟前更新", "{n} min old"],
  ageHours: ["{n} 小时前更新", "{n} h old"],
  ageDays: ["{n} 天前更新", "{n} d old"],
});

/** On a 48×48 grid: the outline, and the sign cut into it. @type {Record<Colour, readonly [outline: string, sign: string]>} */
const SHAPES = {
  GREEN: ["M24 2a22 22 0 1 0 0 44 22 22 0 0 0 0-44z", "M14 25l7.5 7.5L35 17"],
  YELLOW: ["M24 4.5L46 43H2z", "M24 18v12M24 36.4v.2"],
  RED: ["M15 2h18l13 13v18L33 46H15L2 33V15z", "M15.5 15.5l17 17M32.5 15.5l-17 17"],
  GREY: ["M6 6h36v36H6z", "M18.5 19.5c0-8 11.5-8 11.5-.6 0 5-6 4.6-6 9.6M24 35.4v.2"],
};

/** A colour newer than this page is one nothing is known of. @param {string} colour @returns {Colour} */
export function colourOf(colour) {
  return colour in SHAPES ? /** @type {Colour} */ (colour) : "GREY";
}

/** @param {Colour} colour */
export function colourName(colour) {
  return words(colourOf(colour));
}

/** The shape alone, beside its word. @param {Colour} colour */
export function colourMark(colour) {
  const [outline, sign] = SHAPES[colourOf(colour)];
  return s(
    "svg",
    { class: "colour-mark", viewBox: "0 0 48 48", "aria-hidden": "true", focusable: "false" },
    s("path", { class: "colour-mark__outline", d: outline }),
    s("path", { class: "colour-mark__sign", d: sign }),
  );
}

/** A colour among other text. @param {Colour} colour */
export function colourTag(colour) {
  return h("span", { class: "colour-tag", "data-colour": colourOf(colour) }, colourMark(colour), colourName(colour));
}

/** How old data is. @param {number} seconds */
export function ageWords(seconds) {
  if (seconds < 60) return words("ageNow");
  if (seconds < 3600) return words("ageMinutes", { n: Math.floor(seconds / 60) });
  if (seconds < 86_400) return words("ageHours", { n: Math.floor(seconds / 3600) });
  return words("ageDays", { n: Math.floor(seconds / 86_400) });
}
