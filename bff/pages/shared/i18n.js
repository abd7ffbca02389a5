// Sentences in Chinese and English, side by side so that neither is forgotten.

import { prefs } from "./prefs.js";

/** @typedef {readonly [zh: string, en: string]} Sentence */
/** @typedef {import("./wire.js").Text} Text */

/**
 * A function from keys to sentences in the language chosen; `{name}` is filled from `facts`.
 *
 * @template {Record<string, Sentence>} Messages
 * @param {Messages} messages
 * @returns {(key: keyof Messages, facts?: Record<string, string | number>) => string}
 */
export function translator(messages) {
  return (key, facts = {}) => {
    const sentence = messages[key];
    if (!sentence) throw new Error(`no sentence called ${String(key)}`);
    return sentence[prefs.language === "zh" ? 0 : 1].replace(/\{(\w+)\}/g, (whole, name) =>
      String(facts[name] ?? whole),
    );
  };
}

/**
 * The half of a bilingual text that is being read.
 *
 * @param {Text} text
 */
export function pick(text) {
  return prefs.language === "zh" ? text.zh : text.en;
}

const ZONE = "Asia/Shanghai";

/** @param {Intl.DateTimeFormatOptions} options @param {string | number | Date} when */
function inShanghai(options, when) {
  const language = prefs.language === "zh" ? "zh-CN" : "en-GB";
  return new Intl.DateTimeFormat(language, { timeZone: ZONE, ...options }).format(new Date(when));
}

/** @param {string | number | Date} when */
export function clockTime(when) {
  return inShanghai({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }, when);
}

/** @param {string | number | Date} when */
export function dayAndTime(when) {
  return inShanghai(
    { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
    when,
  );
}

/** To the second: what a dispute is settled by. @param {string | number | Date} when */
export function moment(when) {
  return inShanghai(
    {
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
    },
    when,
  );
}

/** @param {string | number | Date} when */
export function dayName(when) {
  return inShanghai({ year: "numeric", month: "long", day: "numeric", weekday: "short" }, when);
}
