// Evidence entered by hand (人工录入): proposed by one organisation, confirmed by another, held if it hits a cohort.

import { h } from "../../shared/dom.js";
import { field, form, idNumberField, idNumberOf, Once } from "../../shared/forms.js";
import { dayAndTime, pick } from "../../shared/i18n.js";
import { attempting, fill, notice, pill } from "../../shared/parts.js";
import { choiceField, fact, heading, pages, wordsField } from "../lists.js";
import { t } from "../messages.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").ManualInfo} Entry */
/** @typedef {import("../../shared/wire.js").ManualReasonInfo} Reason */
/** @typedef {import("../../shared/wire.js").CohortAlarmInfo} Alarm */
/** @typedef {(entry: Entry, step: string, words: string) => Promise<void>} Step */
/** @template T @typedef {import("../../shared/wire.js").Page<T>} Page */

const PATH = "/verifier/v1/health-manual";
const RELEASE = "/verifier/v1/health-manual-release";
const DAY = 86_400_000;

/** @type {Record<string, readonly [tone: import("../../shared/parts.js").Tone, icon: import("../../shared/icons.js").IconName, words: Parameters<typeof t>[0]]>} */
const STATES = {
  PROPOSED: ["caution", "clock", "manualProposed"],
  HELD: ["bad", "warning", "manualHeld"],
  CONFIRMED: ["good", "check", "manualConfirmed"],
  DECLINED: ["quiet", "cross", "manualDeclined"],
  LAPSED: ["quiet", "clock", "manualLapsed"],
  WITHDRAWING: ["caution", "back", "manualWithdrawing"],
  WITHDRAWN: ["quiet", "back", "manualWithdrawn"],
};
/** What may come next, by state: the step, what its button says, and how it looks. @type {Record<string, (readonly [step: string, words: Parameters<typeof t>[0], kind: string])[]>} */
const STEPS = {
  PROPOSED: [
    ["confirm", "manualConfirm", ""],
    ["decline", "manualDecline", "button--plain"],
  ],
  HELD: [["decline", "manualDecline", "button--plain"]],
  CONFIRMED: [["ask-withdrawal", "manualAskBack", "button--plain"]],
  WITHDRAWING: [
    ["withdraw", "manualBack", ""],
    ["keep", "manualKeep", "button--plain"],
  ],
};

/**
 * @param {Context} context
 * @returns {View}
 */
export function manualView({ session, signal }) {
  const problem = h("div", { class: "stack" });
  const box = h("div", { class: "stack" });
  const proposal = h("div", {});
  const attempt = attempting(problem, signal, () => show());
  /** @type {Step} */
  const step = (entry, step, words) =>
    attempt(async () => {
      await session.call("POST", `${PATH}/${entry.id}/${step}`, { signal });
      return words;
    });
  /** @param {string} [cursor] */
  const load = async (cursor) => /** @type {Page<Entry>} */ ((await session.call("GET", `${PATH}${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ""}`, { signal })).data);
  const show = () => fill(box, signal, () => load(), (page) => pages(page, load, (entry) => panel(entry, step), t("manualNone"), signal));
  void show();
  void fill(
    proposal,
    signal,
    async () => /** @type {Reason[]} */ ((await session.call("GET", `${PATH}/reasons`, { signal })).data),
    (reasons) => [proposing(reasons, (propose) => attempt(() => propose(session, signal)))],
    1,
  );
  const node = h(
    "div",
    { class: "stack" },
    heading(t("manualTitle"), t("manualLong")),
    problem,
    h("section", { class: "stack", "aria-labelledby": "manual-list" }, h("h2", { class: "section-title", id: "manual-list" }, t("manualList")), box),
    proposal,
  );
  return { title: t("manualTitle"), node, tab: "shift" };
}

/**
 * @param {Reason[]} reasons
 * @param {(propose: (session: Context["session"], signal: AbortSignal) => Promise<string>) => Promise<void>} send
 */
function proposing(reasons, send) {
  const once = new Once();
  const number = idNumberField("id-number", t("manualWhose"));
  const reason = choiceField("reason", t("manualReason"), reasons.map(({ code, text }) => [code, pick(text)]));
  const place = field("jurisdiction", t("manualPlace"), { inputmode: "numeric", pattern: "[0-9]{6}", maxlength: 6 });
  const caseId = field("case-id", t("manualCase"), { pattern: "[A-Z0-9][A-Z0-9\\-]{5,39}", maxlength: 40, autocapitalize: "characters" });
  const days = field("days", t("manualDays"), { type: "number", inputmode: "numeric", min: 1, value: 1 });
  const note = wordsField("note", t("manualNote"), 2);
  note.input.maxLength = 500;
  const bound = () => days.input.setAttribute("max", String(reasons.find(({ code }) => code === reason.input.value)?.maxDays ?? 1));
  reason.input.addEventListener("change", bound);
  bound();
  /** The same words are the same proposal, however often the button is pressed: its end is reckoned once. */
  let said = "";
  let expiresAt = "";
  const parts = [number.node, reason.node, place.node, caseId.node, days.node, note.node];
  const asked = form(t("manualPropose"), parts, () =>
    send(async (session, signal) => {
      const words = { idNumber: idNumberOf(number.input), jurisdiction: place.input.value.trim(), reason: reason.input.value, caseId: caseId.input.value.trim().toUpperCase(), note: note.input.value.trim() };
      const now = JSON.stringify([words, days.input.value]);
      if (now !== said) {
        said = now;
        expiresAt = new Date(Date.now() + Number(days.input.value) * DAY).toISOString();
      }
      const body = { ...words, expiresAt };
      await session.call("POST", PATH, { body, headers: once.headers(body), signal });
      once.done();
      said = "";
      asked.reset();
      bound();
      window.scrollTo(0, 0);
      return t("manualProposedDone");
    }),
  );
  return h(
    "section",
    { class: "panel stack", "aria-labelledby": "manual-propose" },
    h("h2", { class: "section-title", id: "manual-propose" }, t("manualPropose")),
    notice("quiet", "info", t("manualTold")),
    asked,
  );
}

/** @param {Entry} entry @param {Step} step */
function panel(entry, step) {
  const [tone, symbol, words] = STATES[entry.state] ?? /** @type {const} */ (["quiet", "info", "manualProposed"]);
  return h(
    "article",
    { class: "panel stack", "data-state": entry.state },
    h("div", { class: "desk__states" }, pill(tone, symbol, t(words))),
    h("h3", { class: "desk__title" }, pick(entry.text)),
    h("p", {}, entry.note),
    h(
      "dl",
      { class: "facts" },
      fact(t("manualCase"), entry.caseId),
      fact(t("manualPlace"), entry.jurisdiction),
      fact(t("manualProposedBy"), `${entry.proposedBy} · ${dayAndTime(entry.proposedAt)}`),
      entry.confirmedBy ? fact(t("manualConfirmedBy"), entry.confirmedBy) : null,
      entry.releasedBy ? fact(t("manualReleasedBy"), entry.releasedBy) : null,
      entry.withdrawalBy ? fact(t("manualWithdrawalBy"), entry.withdrawalBy) : null,
      fact(t("manualUntil"), dayAndTime(entry.expiresAt)),
    ),
    ...(STEPS[entry.state] ?? []).map(([name, label, kind]) => h("button", { type: "button", class: `button button--wide ${kind}`, onclick: () => void step(entry, name, t("manualDone")) }, t(label))),
  );
}

/**
 * Reasons that hit a cohort, and what waits for a third person.
 *
 * @param {Context} context
 * @returns {View}
 */
export function heldView({ session, signal }) {
  const problem = h("div", { class: "stack" });
  const box = h("div", { class: "stack" });
  const alarms = h("div", { class: "stack" });
  const attempt = attempting(problem, signal, () => show());
  /** @param {string} what @returns {(cursor?: string) => Promise<Page<any>>} */
  const load = (what) => async (cursor) => (await session.call("GET", `${RELEASE}/${what}${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ""}`, { signal })).data;
  /** @param {Entry} entry */
  const held = (entry) => {
    const shown = panel({ ...entry, state: "HELD" }, async () => {});
    shown.querySelectorAll("button").forEach((button) => button.remove());
    const release = () =>
      attempt(async () => {
        await session.call("POST", `${RELEASE}/${entry.id}/release`, { signal });
        return t("manualDone");
      });
    shown.append(h("button", { type: "button", class: "button button--wide", onclick: () => void release() }, t("heldRelease")));
    return shown;
  };
  /** @param {Alarm} alarm */
  const one = (alarm) => notice("bad", "warning", pick(alarm.text), h("p", {}, t("heldPeople", { people: alarm.people, when: dayAndTime(alarm.latestAt) })));
  const show = () => fill(box, signal, () => load("held")(), (page) => pages(page, load("held"), held, t("heldNone"), signal));
  void show();
  void fill(alarms, signal, () => load("alarms")(), (page) => pages(page, load("alarms"), one, t("heldNoAlarm"), signal), 1);
  const node = h("div", { class: "stack" }, heading(t("heldTitle"), t("heldLong")), alarms, problem, box);
  return { title: t("heldTitle"), node, tab: "shift" };
}
