// The answer to a scan, large: words, icon and colour say the same thing three times.

import { h } from "../shared/dom.js";
import { clockTime, pick } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { say } from "../shared/live.js";
import { notice } from "../shared/parts.js";
import { prefs } from "../shared/prefs.js";
import { look } from "../shared/verdicts.js";
import { t } from "./messages.js";

/** @typedef {import("../shared/wire.js").Verification} Verification */
/** @typedef {import("../shared/wire.js").ShownBy} ShownBy */
/** @typedef {import("./app.js").Shift} Shift */

const CLEAR_AFTER = { standard: 30, elder: 60 }; // seconds; nobody's fields stay on a counter's screen
export const BUZZ = { good: [90], caution: [120, 90, 120], bad: [260, 120, 260], quiet: [90] };

/**
 * @param {Verification} verification
 * @param {object} around
 * @param {Shift | null} around.shift
 * @param {string} around.next What the button says.
 * @param {() => void} around.clear Leave the verdict.
 * @param {AbortSignal} around.signal
 * @returns {HTMLElement}
 */
export function verdictPanel(verification, { shift, next, clear, signal }) {
  const { tone, icon: symbol, words } = look(verification.verdict);
  const advice = pick(verification.advice);
  const granted = shift?.scenes.find(({ scene }) => scene === verification.scene);
  /** @type {[string, string][]} */
  const rows = verification.claims.map((claim) => [pick(claim.label), claim.value]);
  /** @type {[string, string][]} */
  const about = [];
  if (verification.typeName) about.push([t("certificate"), pick(verification.typeName)]);
  if (verification.issuerName) about.push([t("issuer"), verification.issuerName]);
  if (granted) about.push([t("scene"), prefs.language === "zh" ? granted.name : granted.nameEn]);
  about.push([t("checkedAt"), clockTime(verification.checkedAt)]);

  const panel = h(
    "section",
    { class: "verdict", "data-tone": tone, "data-verdict": verification.verdict, "aria-labelledby": "verdict-words", "aria-describedby": "verdict-advice" },
    h(
      "div",
      { class: "verdict__head" },
      h("span", { class: "verdict__icon" }, icon(symbol)),
      h("h1", { id: "verdict-words" }, words),
      h("p", { id: "verdict-advice" }, advice),
    ),
    verification.shownBy ? deputy(verification.shownBy) : null,
    rows.length ? h("dl", { class: "facts facts--large" }, ...rows.map(row)) : null,
    h("dl", { class: "facts facts--small" }, ...about.map(row)),
    footer(next, clear, signal),
  );
  navigator.vibrate?.(BUZZ[tone]);
  const by = panel.querySelector(".verdict__deputy .notice__title")?.textContent ?? "";
  say([words, by, advice].filter(Boolean).join("。"), { now: true });
  return panel;
}

/**
 * Who showed it in the holder's name (代亮): before the fields, for the face at the counter is not theirs.
 *
 * @param {ShownBy} by
 */
function deputy({ kind, name }) {
  const kinds = /** @type {const} */ ({ guardian: "kindGuardian", family: "kindFamily", enterprise: "kindEnterprise", clerk: "kindClerk" });
  const what = kind in kinds ? t(kinds[kind]) : kind;
  return h("div", { class: "verdict__deputy" }, notice("caution", "people", t("shownBy", { name, kind: what }), h("p", {}, t("shownByLead"))));
}

/** @param {[string, string]} entry */
export function row([name, value]) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}

/**
 * On to the next, and the clock that clears the screen; it can be stopped, for nobody should be hurried.
 *
 * @param {string} next @param {() => void} clear @param {AbortSignal} signal
 */
export function footer(next, clear, signal) {
  let left = CLEAR_AFTER[prefs.mode];
  const words = h("p", { class: "verdict__clock" }, t("clearsIn", { seconds: left }));
  const timer = setInterval(() => {
    left -= 1;
    words.textContent = t("clearsIn", { seconds: left });
    if (left <= 0) clear();
  }, 1000);
  signal.addEventListener("abort", () => clearInterval(timer));
  const keep = h(
    "button",
    {
      type: "button",
      class: "button button--plain",
      onclick: () => {
        clearInterval(timer);
        words.textContent = t("kept");
        keep.remove();
        button.focus();
      },
    },
    t("keep"),
  );
  const button = h("button", { type: "button", class: "button button--next", onclick: clear }, icon("qr"), next);
  // Enter goes on to the next person: one hand is enough.
  queueMicrotask(() => requestAnimationFrame(() => button.focus()));
  return h("div", { class: "verdict__foot" }, words, h("div", { class: "verdict__buttons" }, keep, button));
}
