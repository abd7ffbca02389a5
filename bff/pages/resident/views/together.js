// A health code and a certificate in one QR (组合码): both are shown, or neither.

import { h } from "../../shared/dom.js";
import { pick } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { menuEntry } from "../../shared/menu.js";
import { fill, report } from "../../shared/parts.js";
import { CodeBox } from "../code-box.js";
import { t } from "../messages.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").Credential} Credential */
/** @typedef {import("../../shared/wire.js").CombinedTicket} Ticket */
/** @template T @typedef {import("../../shared/wire.js").Page<T>} Page */

const PATH = "/mp/v1/health-code/combined";
const RENEWALS = 3;

/**
 * Which certificate; where it is shown is chosen with it.
 *
 * @param {Context} context
 * @returns {View}
 */
export function togetherView({ session, signal }) {
  const box = h("div", { class: "stack" });
  void fill(
    box,
    signal,
    async () => /** @type {Page<Credential>} */ ((await session.call("GET", "/mp/v1/credentials", { signal })).data),
    ({ items }) => {
      const valid = items.filter(({ status }) => status === "valid");
      if (!valid.length) return [h("div", { class: "empty panel" }, icon("card"), h("p", {}, t("togetherNone")))];
      return [
        h("nav", { class: "panel menu", "aria-label": t("togetherChoose") }, ...valid.map((card) => menuEntry(`#/card/${card.id}`, "card", pick(card.typeName), `${card.title} ${card.number}`))),
      ];
    },
  );
  return { title: t("togetherTitle"), node: h("div", { class: "stack" }, head(), box), back: "#/health" };
}

/**
 * @param {Context} context
 * @param {string} credentialId
 * @param {string} scene
 * @returns {View}
 */
export function togetherShownView(context, credentialId, scene) {
  const { session, signal } = context;
  /** @type {string | null} */
  let open = null;
  // What is no longer shown nobody can use.
  const withdraw = () => {
    if (open) session.call("DELETE", `/mp/v1/presentations/${open}`, { keepalive: true }).catch((error) => report(error));
    open = null;
  };
  const code = new CodeBox(context, PATH, {
    body: { credentialId, scene },
    renewals: RENEWALS,
    told: (/** @type {Ticket} */ ticket) => {
      withdraw();
      open = ticket.presentation.presentationId;
    },
  });
  signal.addEventListener("abort", withdraw);
  window.addEventListener("pagehide", withdraw, { signal });
  void code.open();
  const node = h("div", { class: "stack" }, head(), h("section", { class: "panel health__both", "aria-label": t("togetherTitle") }, code.node));
  return { title: t("togetherTitle"), node, back: `#/card/${credentialId}` };
}

function head() {
  return h("div", {}, h("h1", { class: "page-title" }, t("togetherTitle")), h("p", { class: "quiet" }, t("togetherLong")));
}
