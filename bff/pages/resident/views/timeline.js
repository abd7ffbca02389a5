// What is next for me and those I act for (待办提醒), why one is told of it, and what one says of it.

import { h } from "../../shared/dom.js";
import { dayAndTime, pick } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { paged } from "../../shared/lists.js";
import { attempting, fill, pill } from "../../shared/parts.js";
import { t } from "../messages.js";
import { topicName } from "../topics.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").TimelineEntry} Entry */
/** @template T @typedef {import("../../shared/wire.js").Page<T>} Page */
/** @typedef {(deed: () => Promise<string | null>) => Promise<void>} Attempt */

const PATH = "/mp/v1/timeline";
const DAY = 86_400_000;
const WEEK = 7 * DAY;

/**
 * @param {Context} context
 * @returns {View}
 */
export function timelineView({ session, signal }) {
  const problem = h("div", { class: "stack" });
  const box = h("div", { class: "stack" });
  /** @param {string} [cursor] */
  const page = async (cursor) => {
    const query = cursor ? `?cursor=${encodeURIComponent(cursor)}` : "";
    return /** @type {Page<Entry>} */ ((await session.call("GET", `${PATH}${query}`, { signal })).data);
  };
  const load = () => fill(box, signal, () => page(), render);
  const attempt = attempting(problem, signal, load);
  /** @param {Entry} item @param {string} what @param {Record<string, unknown>} [body] */
  const say = (item, what, body) =>
    void attempt(async () => {
      await session.call("POST", `${PATH}/${item.id}/${what}`, body ? { body, signal } : { signal });
      return t("itemSaid");
    });
  /** @param {Page<Entry>} first */
  const render = (first) => {
    if (!first.items.length) return [h("div", { class: "empty panel" }, icon("check"), h("p", {}, t("timelineNothing")))];
    const list = h("ul", { class: "stack" });
    const shown = paged(list, first, page, (items) => list.append(...items.map((item) => entry(item, say))), signal);
    return shown;
  };
  void load();
  const node = h(
    "div",
    { class: "stack" },
    h("div", {}, h("h1", { class: "page-title" }, t("timelineTitle")), h("p", { class: "quiet" }, t("timelineLead"))),
    problem,
    box,
  );
  return { title: t("timelineTitle"), node, back: "#/cards" };
}

/** In a line, for the first screen. @param {Entry} item */
export function briefItem(item) {
  const { tone, symbol, words } = standing(item);
  return h(
    "a",
    { class: "use", href: "#/timeline" },
    h("span", { class: "use__icon", "data-tone": tone }, icon(symbol)),
    h(
      "span",
      { class: "use__text" },
      h("span", { class: "use__who" }, pick(item.title)),
      h("span", { class: "use__what" }, [item.name, when(item), words].filter(Boolean).join(" · ")),
    ),
  );
}

/** @param {Entry} item @param {(item: Entry, what: string, body?: Record<string, unknown>) => void} say */
function entry(item, say) {
  const title = pick(item.title);
  const { tone, symbol, words } = standing(item);
  const days = when(item);
  return h(
    "li",
    { class: "panel stack item", "data-item": item.id, "data-state": item.state },
    h("div", { class: "item__head" }, h("p", { class: "quiet" }, [item.name ?? t("timelineOwn"), topicName(item.topic)].join(" · ")), pill(tone, symbol, words)),
    h("h2", {}, title),
    days ? h("p", {}, days) : null,
    ...item.remarks.map((remark) => h("p", { class: "quiet" }, pick(remark))),
    h(
      "details",
      {},
      h("summary", {}, t("itemWhy")),
      ...item.reasons.map(({ text }) => h("p", {}, pick(text))),
      h("p", { class: "quiet" }, t("itemProgramme", { programme: item.programme })),
    ),
    item.decides ? deeds(item, title, say) : null,
  );
}

/** @param {Entry} item @param {string} title @param {(item: Entry, what: string, body?: Record<string, unknown>) => void} say */
function deeds(item, title, say) {
  /** @param {string} words @param {string} label @param {() => void} onclick */
  const deed = (words, label, onclick) => h("button", { type: "button", class: "button button--plain", "aria-label": label, onclick }, words);
  if (item.state !== "open") return h("div", { class: "item__deeds" }, deed(t("itemReopen"), t("itemReopenWhat", { title }), () => say(item, "reopen")));
  const snooze = snoozed(item, title);
  return h(
    "div",
    { class: "item__deeds" },
    item.toDo && deed(t("itemIsDone"), t("itemIsDoneWhat", { title }), () => say(item, "done")),
    snooze && deed(snooze.words, snooze.label, () => say(item, "snooze", { until: new Date(snooze.until).toISOString() })),
    deed(t("itemNot"), t("itemNotWhat", { title }), () => say(item, "not-applicable")),
  );
}

/** Until when it can be put off: a week, or a day where the last one comes sooner. @param {Entry} item @param {string} title */
function snoozed({ windowTo }, title) {
  const now = Date.now();
  const over = windowTo ? new Date(`${windowTo}T24:00:00+08:00`).getTime() : Infinity;
  const inTime = (/** @type {number} */ until) => over <= now || until < over;
  if (inTime(now + WEEK)) return { until: now + WEEK, words: t("itemSnooze"), label: t("itemSnoozeWhat", { title }) };
  if (inTime(now + DAY)) return { until: now + DAY, words: t("itemSnoozeDay"), label: t("itemSnoozeDayWhat", { title }) };
  return null;
}

/**
 * What is said of it, or else where it stands.
 *
 * @param {Entry} item
 * @returns {{ tone: import("../../shared/parts.js").Tone, symbol: import("../../shared/icons.js").IconName, words: string }}
 */
function standing({ state, status, toDo, snoozedUntil }) {
  if (state === "snoozed") return { tone: "quiet", symbol: "pause", words: t("itemSnoozed", { when: snoozedUntil ? dayAndTime(snoozedUntil) : "" }) };
  if (state === "done") return { tone: "good", symbol: "check", words: t("itemDone") };
  if (state === "not_applicable") return { tone: "quiet", symbol: "ban", words: t("itemNotApplicable") };
  if (status === "overdue") return { tone: "bad", symbol: "warning", words: t("itemOverdue") };
  if (!toDo) return { tone: "quiet", symbol: "info", words: t("itemNothingToDo") };
  if (status === "due") return { tone: "caution", symbol: "clock", words: t("itemDue") };
  if (status === "not_announced") return { tone: "quiet", symbol: "info", words: t("itemNotAnnounced") };
  return { tone: "quiet", symbol: "clock", words: t("itemNotYetDue") };
}

/** The days of it, in words. @param {Entry} item */
function when({ toDo, earliest, recommendedBefore, windowTo }) {
  return [
    earliest ? t("itemFrom", { day: day(earliest) }) : "",
    recommendedBefore ? t("itemBefore", { day: day(recommendedBefore) }) : "",
    windowTo ? t(toDo ? "itemUntil" : "itemTo", { day: day(windowTo) }) : "",
  ]
    .filter(Boolean)
    .join(" · ");
}

/** A day of the calendar, which is in no time zone. @param {string} date */
function day(date) {
  return date.replaceAll("-", "/");
}
