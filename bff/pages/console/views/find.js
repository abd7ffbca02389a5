// Finding a notice: by its key, or by whose it is.

import { h } from "../../shared/dom.js";
import { moment } from "../../shared/i18n.js";
import { fill, notice, pill } from "../../shared/parts.js";
import { field } from "../forms.js";
import { t } from "../messages.js";

/** @typedef {import("../../shared/wire.js").FoundNotices} FoundNotices */

/**
 * @param {import("../app.js").Context} context
 * @returns {import("../app.js").View}
 */
export function findView({ session, signal, go }) {
  const box = h("div", { class: "stack" });
  const key = field("key", t("key"), { pattern: "[0-9a-f]{64}", maxlength: 64 });
  const person = field("id-number", t("idNumber"), { pattern: "[0-9]{17}[0-9Xx]", maxlength: 18, autocapitalize: "characters" });
  const byKey = h(
    "form",
    {
      class: "panel stack",
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        go(`#/notice/${key.input.value.trim()}`);
      },
    },
    key.node,
    h("button", { type: "submit", class: "button button--wide" }, t("find")),
  );
  const byPerson = h(
    "form",
    {
      class: "panel stack",
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        const body = { idNumber: person.input.value.trim().toUpperCase() };
        void fill(box, signal, async () => (await session.call("POST", "/verifier/v1/push/notices/find", { body, signal })).data, foundOf, 1);
      },
    },
    person.node,
    h("button", { type: "submit", class: "button button--wide button--plain" }, t("findPerson")),
  );
  const node = h("div", { class: "stack" }, h("h1", { class: "page-title" }, t("findTitle")), h("p", { class: "quiet" }, t("findLead")), byKey, byPerson, box);
  return { title: t("findTitle"), node, tab: "find" };
}

/** @param {FoundNotices} found */
function foundOf({ addressee, notices }) {
  if (addressee === null && !notices.length) return [notice("quiet", "info", t("nobody"))];
  const name = addressee ?? "*";
  if (!notices.length) return [notice("quiet", "info", t("noNotices", { name }))];
  return [
    h("h2", { class: "section-title" }, t("noticesOf", { name })),
    h(
      "ul",
      { class: "panel rows" },
      ...notices.map((each) =>
        h(
          "li",
          {},
          h("a", { href: `#/notice/${each.key}` }, h("span", {}, t(`topic_${each.topic}`), h("span", { class: "quiet rows__when" }, moment(each.at))), each.readAt ? pill("good", "check", t("read")) : pill("quiet", "eye", t("unread"))),
        ),
      ),
    ),
  ];
}
