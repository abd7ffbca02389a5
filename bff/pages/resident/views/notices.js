// What the city told one (通知): by topic, read or not, and live while one looks.

import { h } from "../../shared/dom.js";
import { dayAndTime, pick } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { paged } from "../../shared/lists.js";
import { say } from "../../shared/live.js";
import { attempting, fill, pill } from "../../shared/parts.js";
import { hear } from "../follow.js";
import { t } from "../messages.js";
import { ALL, topicName } from "../topics.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").Notice} Notice */
/** @typedef {import("../../shared/wire.js").NoticePage} NoticePage */
/** @typedef {import("../topics.js").Topic} Topic */

const PATH = "/mp/v1/notices";

/**
 * @param {Context} context
 * @returns {View}
 */
export function noticesView(context) {
  const { session, signal } = context;
  const problem = h("div", { class: "stack" });
  const box = h("div", { class: "stack" });
  let newest = ""; // of those shown: what came after stays unread when all are marked
  let known = ""; // of all that were told, shown or of another topic
  /** @type {Set<string>} */
  const told = new Set();
  /** @param {Notice} notice Whether it is news. */
  const news = (notice) => {
    if (notice.cursor > known) known = notice.cursor;
    return !told.has(notice.id) && told.add(notice.id);
  };
  const topic = h(
    "select",
    { id: "topic", onchange: () => void load() },
    h("option", { value: "" }, t("noticesAll")),
    ...ALL.map((each) => h("option", { value: each }, topicName(each))),
  );
  /** @param {string} [cursor] */
  const page = async (cursor) => {
    const query = new URLSearchParams({ ...(topic.value ? { topic: topic.value } : {}), ...(cursor ? { cursor } : {}) });
    return /** @type {NoticePage} */ ((await session.call("GET", `${PATH}?${query}`, { signal })).data);
  };
  const load = () => fill(box, signal, () => page(), render);
  const attempt = attempting(problem, signal, load);
  /** @param {Notice} notice */
  const read = async (notice) => {
    await session.call("POST", `${PATH}/${notice.id}/read`, { signal });
  };
  const readAll = () =>
    void attempt(async () => {
      await session.call("POST", `${PATH}/read-all`, { body: newest ? { upTo: newest } : {}, signal });
      return t("noticesAreRead");
    });
  /** @param {NoticePage} first */
  const render = (first) => {
    newest = first.items[0]?.cursor ?? newest;
    first.items.forEach(news);
    if (!first.items.length) return [h("div", { class: "empty panel" }, icon("list"), h("p", {}, t("noticesNothing")))];
    const list = h("ul", { class: "stack" });
    const shown = paged(list, first, page, (items) => list.append(...items.map((notice) => entry(notice, attempt, read))), signal);
    const all = first.unread ? h("button", { type: "button", class: "button button--plain button--wide", onclick: readAll }, icon("check"), t("noticesReadAll")) : null;
    return [...(all ? [all] : []), ...shown];
  };
  void load();
  void hear(context, `${PATH}/stream`, {
    since: () => known,
    heard: (event, data) => {
      if (event !== "notice" || !news(data)) return;
      say(t("noticeCame", { title: pick(data.title) }));
      void load();
    },
    instead: async () => {
      const { items } = await page();
      if (items.filter(news).length) await load();
    },
  });
  return { title: t("noticesTitle"), node: framed(problem, topic, box), back: "#/cards" };
}

/** @param {Node} problem @param {Node} topic @param {Node} box */
function framed(problem, topic, box) {
  return h(
    "div",
    { class: "stack" },
    h("div", {}, h("h1", { class: "page-title" }, t("noticesTitle")), h("p", { class: "quiet" }, t("noticesLead"))),
    h("div", { class: "field" }, h("label", { for: "topic" }, t("noticesTopic")), topic),
    problem,
    box,
  );
}

/**
 * @param {Notice} notice
 * @param {(deed: () => Promise<string | null>) => Promise<void>} attempt
 * @param {(notice: Notice) => Promise<void>} read
 */
function entry(notice, attempt, read) {
  const title = pick(notice.title);
  const unread = !notice.readAt;
  const way = wayOf(notice.link);
  return h(
    "li",
    { class: "panel stack item", "data-notice": notice.id, "data-unread": unread },
    h(
      "div",
      { class: "item__head" },
      h("p", { class: "quiet" }, [topicName(notice.topic), dayAndTime(notice.at)].join(" · ")),
      unread ? pill("caution", "info", t("noticeUnread")) : null,
    ),
    h("h2", {}, title),
    h("p", {}, pick(notice.body)),
    h(
      "div",
      { class: "item__deeds" },
      way ? h("a", { class: "button button--plain", href: way, onclick: () => void read(notice).catch(() => undefined) }, t("noticeGo")) : null,
      unread
        ? h(
            "button",
            {
              type: "button",
              class: "button button--plain",
              "aria-label": t("noticeReadWhat", { title }),
              onclick: () => void attempt(async () => (await read(notice), t("noticeRead"))),
            },
            t("noticeRead"),
          )
        : null,
    ),
  );
}

/** The screen of this page that a notice leads to: links are the mini-program's. @param {string} link */
function wayOf(link) {
  if (link.startsWith("/timeline")) return "#/timeline";
  if (link.startsWith("/health")) return "#/health";
  if (link.startsWith("/account")) return "#/account";
  return "";
}
