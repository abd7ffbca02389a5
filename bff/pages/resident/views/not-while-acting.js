// In place of what is one's own while acting for another.

import { h } from "../../shared/dom.js";
import { notice } from "../../shared/parts.js";
import { more } from "../acting.js";
import { t } from "../messages.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */

/**
 * @param {Context} context
 * @param {import("../../shared/wire.js").ActingFor} acting
 * @returns {View}
 */
export function notWhileActingView({ beMyself }, acting) {
  const node = h(
    "div",
    { class: "stack" },
    h("h1", { class: "page-title" }, t("notWhileActing")),
    notice(
      "caution",
      "people",
      t("banner", { name: acting.name }),
      h("p", {}, more(acting)),
      h("p", {}, t("notWhileActingLead")),
      h("button", { type: "button", class: "button", onclick: () => void beMyself() }, t("bannerBack")),
    ),
  );
  return { title: t("notWhileActing"), node, tab: "me", back: "#/me" };
}
