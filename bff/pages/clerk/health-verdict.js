// The answer to a scanned health code, large: a shape, a word and a colour say the same thing three times.

import { ageWords, colourMark, colourName, colourOf } from "../shared/colours.js";
import { h } from "../shared/dom.js";
import { clockTime, dayAndTime, pick } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { say } from "../shared/live.js";
import { pill } from "../shared/parts.js";
import { look } from "../shared/verdicts.js";
import { t } from "./messages.js";
import { BUZZ, footer, row } from "./verdict.js";

/** @typedef {import("./health.js").Check} Check */
/** @typedef {import("../shared/parts.js").Tone} Tone */
/** @typedef {import("../shared/icons.js").IconName} IconName */
/** @typedef {Parameters<typeof t>[0]} Key */

/** @type {Record<string, readonly [tone: Tone, icon: IconName, words: Key, advice: Key]>} */
const LOOKS = {
  OK: ["good", "check", "healthOk", "healthGrey"],
  EXPIRED: ["bad", "clock", "healthExpired", "healthExpiredLead"],
  ALREADY_CHECKED: ["caution", "refresh", "healthAlready", "healthAlreadyLead"],
  NOT_A_CODE: ["bad", "cross", "healthNotACode", "healthNotACodeLead"],
  UNKNOWN: ["bad", "warning", "healthUnknown", "healthUnknownLead"],
  REVOKED: ["bad", "ban", "healthRevoked", "healthRevokedLead"],
  IDENTITY_ONLY: ["caution", "person", "healthIdentity", "healthIdentityLead"],
  KEY_UNKNOWN: ["bad", "cross", "healthNotACode", "healthKeyUnknownLead"],
  NOT_YET_VALID: ["caution", "clock", "healthNotYet", "healthNotYetLead"],
  ONLINE_ONLY: ["caution", "offline", "healthOnlineOnly", "healthOnlineOnlyLead"],
};
/** A verdict newer than this page is a no until we know better. */
const NEWER = /** @type {const} */ (["bad", "warning", "healthUnknown", "healthUnknownLead"]);
/** @type {Record<string, readonly [tone: Tone, advice: Key]>} */
const COLOURS = {
  GREEN: ["good", "healthGreen"],
  YELLOW: ["caution", "healthYellow"],
  RED: ["bad", "healthRed"],
  GREY: ["caution", "healthGrey"],
};

/** @type {Record<string, Key>} */
const KINDS = { DYNAMIC: "kindDynamic", OFFLINE: "kindOffline", PAPER: "kindPaper" };

/** A check in the list of the shift: what came of it, and of nobody. @param {Check["verdict"]} verdict */
export function healthPill(verdict) {
  const [tone, symbol, words] = LOOKS[verdict] ?? NEWER;
  return pill(tone, symbol, t(words));
}

/**
 * @param {Check} check
 * @param {boolean} offline Whether this device judged it.
 * @param {object} around
 * @param {string} around.next What the button says.
 * @param {() => void} around.clear Leave the verdict.
 * @param {AbortSignal} around.signal
 * @returns {HTMLElement}
 */
export function healthPanel(check, offline, { next, clear, signal }) {
  const colour = check.colour === null ? null : colourOf(check.colour);
  const [plainTone, symbol, plainWords, plainAdvice] = LOOKS[check.verdict] ?? NEWER;
  const [tone, adviceKey] = (colour && COLOURS[colour]) || /** @type {const} */ ([plainTone, plainAdvice]);
  const words = colour ? colourName(colour) : t(plainWords);
  const advice = colour && offline ? `${t("healthOffline")}${t(adviceKey)}` : t(adviceKey);
  const age = check.ageSeconds === null ? "" : ageWords(check.ageSeconds);
  /** @type {[string, string][]} */
  const rows = [];
  if (check.name) rows.push([t("healthName"), check.name]);
  if (age) rows.push([t("healthAge"), age]);
  /** @type {[string, string][]} */
  const about = [];
  const kind = KINDS[check.kind ?? ""];
  if (kind) about.push([t("healthKind"), t(kind)]);
  if (check.asOf) about.push([t("healthAsOf"), dayAndTime(check.asOf)]);
  about.push([t("checkedAt"), clockTime(check.checkedAt)]);
  navigator.vibrate?.(BUZZ[tone]);
  say([words, check.name ?? "", age, advice].filter(Boolean).join("。"), { now: true });
  return h(
    "section",
    {
      class: "verdict",
      "data-tone": tone,
      "data-verdict": check.verdict,
      "data-colour": colour ?? false,
      "aria-labelledby": "verdict-words",
      "aria-describedby": "verdict-advice",
    },
    h(
      "div",
      { class: "verdict__head" },
      colour ? colourMark(colour) : h("span", { class: "verdict__icon" }, icon(symbol)),
      h("h1", { id: "verdict-words" }, words),
      h("p", { id: "verdict-advice" }, advice),
    ),
    rows.length ? h("dl", { class: "facts facts--large" }, ...rows.map(row)) : null,
    check.licence ? licence(check.licence) : null,
    h("dl", { class: "facts facts--small" }, ...about.map(row)),
    footer(next, clear, signal),
  );
}

/** The certificate that was shown in the same code. @param {import("../shared/wire.js").Verification} shown */
function licence(shown) {
  const { tone, icon: symbol, words } = look(shown.verdict);
  return h(
    "div",
    { class: "verdict__licence" },
    h("p", { class: "check__what" }, shown.typeName ? pick(shown.typeName) : t("certificate"), pill(tone, symbol, words)),
    shown.claims.length ? h("dl", { class: "facts" }, ...shown.claims.map((claim) => row([pick(claim.label), claim.value]))) : null,
  );
}
