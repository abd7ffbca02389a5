// What the city told one (通知): by topic, read or not, and live while one looks.

import { h } from "../../shared/dom.js";
import { dayAndTime, pick } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { paged } from "../../shared/lists.js";
import { say } from "../../shared/live.js";
import { attempting, fill, isAbort, pill, report } from "../../shared/parts.js";
import { jittered, pause, visible } from "../../shared/pause.js";
import { mayNot } from "../follow.js";
import { t } from "../messages.js";
import { ALL, topicName } from "../topics.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").Notice} Notice */
/** @typedef {import("../../shared/wire.js").NoticePage} NoticePage */
/** @typedef {import("../topics.js").Topic} Topic */

const PATH = "/mp/v1/notices";
const AGAIN = 2_000; // milliseconds between a stream that ended and the next

/**
 * @param {Context} context
 * @returns {View}
 */
export function noticesView({ session, signal }) {
  const problem = h("div", { class: "stack" });
  const box = h("div", { class: "stack" });
  let newest = "";
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
    if (!first.items.length) return [h("div", { class: "empty panel" }, icon("list"), h("p", {}, t("noticesNothing")))];
    const list = h("ul", { class: "stack" });
    const shown = paged(list, first, page, (items) => list.append(...items.map((notice) => entry(notice, attempt, read))), signal);
    const all = first.unread ? h("button", { type: "button", class: "button button--plain button--wide", onclick: readAll }, icon("check"), t("noticesReadAll")) : null;
    return [...(all ? [all] : []), ...shown];
  };
  void load();
  void listen();
  return { title: t("noticesTitle"), node: framed(problem, topic, box), back: "#/cards" };

  async function listen() {
    while (!signal.aborted) {
      try {
        await visible(signal);
        await session.listen(`${PATH}/stream`, {
          signal,
          heard: (event, data) => {
            if (event !== "notice" || box.querySelector(`[data-notice="${data.id}"]`)) return;
            say(t("noticeCame", { title: pick(data.title) }));
            void load();
          },
        });
        await pause(jittered(AGAIN), signal);
      } catch (error) {
        if (signal.aborted || mayNot(error)) return;
        if (!isAbort(error)) report(error);
        await pause(jittered(AGAIN * 5), signal).catch(() => undefined);
      }
    }
  }
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
