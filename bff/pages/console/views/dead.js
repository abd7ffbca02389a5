// Dead letters: look, mend, send again.

import { h } from "../../shared/dom.js";
import { moment } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { paged } from "../../shared/lists.js";
import { attempting, fill, notice } from "../../shared/parts.js";
import { number, reasonField } from "../forms.js";
import { t } from "../messages.js";

/** @typedef {import("../../shared/wire.js").DeadNotice} DeadNotice */
/** @typedef {import("../../shared/wire.js").PushFigures} PushFigures */
/** @template T @typedef {import("../../shared/wire.js").Page<T>} Page */

/** How many the server sends off again at a time. */
const AT_ONCE = 100;

/**
 * @param {import("../app.js").Context} context
 * @returns {import("../app.js").View}
 */
export function deadView({ session, signal }) {
  const box = h("div", { class: "stack" });
  const problem = h("div", {});
  const reason = reasonField("reason");
  const there = h("p", {});
  /** @type {Set<string>} */
  const chosen = new Set();

  /** @param {string | null | undefined} cursor @returns {Promise<Page<DeadNotice>>} */
  const page = async (cursor) => (await session.call("GET", `/verifier/v1/push/dead-letters${cursor ? `?cursor=${cursor}` : ""}`, { signal })).data;
  /** @param {Page<DeadNotice>} found @returns {Node[]} */
  const show = (found) => {
    there.hidden = !found.items.length;
    if (!found.items.length) return [h("div", { class: "empty" }, icon("check"), h("p", {}, t("noDead")))];
    const list = h("div", { class: "stack" });
    const all = h("button", { type: "button", class: "button button--plain", onclick: () => list.querySelectorAll("input").forEach((tick) => tick.checked || tick.click()) }, t("deadChooseAll"));
    return [all, ...paged(list, found, page, (items) => list.append(...items.map(letter)), signal)];
  };
  /** @param {DeadNotice} dead */
  const letter = (dead) => {
    const tick = h("input", {
      type: "checkbox",
      onchange: () => {
        if (tick.checked) chosen.add(dead.key);
        else chosen.delete(dead.key);
      },
    });
    return h(
      "div",
      { class: "panel letter" },
      h("label", { class: "tick" }, tick, h("span", {}, h("strong", {}, t(`topic_${dead.topic}`)), ` ${dead.template} · ${t(`lane_${dead.lane}`)}`)),
      h("p", {}, `${t("whyDead")}: ${dead.why}`),
      h("p", { class: "quiet" }, `${moment(dead.deadAt)} · ${t("tries", { count: dead.tries })}`),
      h("a", { class: "button button--plain", href: `#/notice/${dead.key}` }, t("story")),
    );
  };

  const list = () => {
    chosen.clear();
    return fill(
      box,
      signal,
      async () => {
        const [found, { data }] = await Promise.all([page(null), session.call("GET", "/verifier/v1/push/figures", { signal })]);
        there.textContent = t("deadThere", { count: number(/** @type {PushFigures} */ (data).dead) });
        return found;
      },
      show,
    );
  };
  const attempt = attempting(problem, signal, list);
  const form = h(
    "form",
    {
      class: "panel stack",
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        if (!chosen.size) {
          problem.replaceChildren(notice("caution", "info", t("chooseFirst")));
          return;
        }
        void attempt(async () => {
          const keys = [...chosen];
          let count = 0;
          try {
            for (let at = 0; at < keys.length; at += AT_ONCE) {
              const body = { keys: keys.slice(at, at + AT_ONCE), reason: reason.input.value.trim() };
              count += (await session.call("POST", "/verifier/v1/push/dead-letters/redrive", { body, signal })).data.count;
            }
          } catch (error) {
            if (count) void list(); // what went before it is no dead letter any more
            throw error;
          }
          return t("redriven", { count });
        });
      },
    },
    reason.node,
    h("button", { type: "submit", class: "button button--wide" }, icon("refresh"), t("redrive")),
  );
  void list();
  const node = h("div", { class: "stack" }, h("h1", { class: "page-title" }, t("deadTitle")), h("p", { class: "quiet" }, t("deadLead")), there, problem, box, form);
  return { title: t("deadTitle"), node, tab: "dead" };
}
