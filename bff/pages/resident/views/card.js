// One certificate: what it says, and where to show it.

import { h } from "../../shared/dom.js";
import { pick } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { fill, notice } from "../../shared/parts.js";
import { face, lookOf } from "../cards.js";
import { button } from "../forms.js";
import { claimLabels } from "../labels.js";
import { t } from "../messages.js";
import { claimNames } from "../records.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").CredentialDetail} CredentialDetail */

/**
 * @param {Context} context
 * @param {string} id
 * @returns {View}
 */
export function cardView({ session, signal, go, acting }, id) {
  const node = h("div", { class: "stack" });
  void fill(
    node,
    signal,
    () => Promise.all([session.call("GET", `/mp/v1/credentials/${encodeURIComponent(id)}`, { signal }), claimLabels()]),
    ([{ data: card }, labels]) => [
      h(
        "section",
        { class: "card card--whole", "data-accent": lookOf(card.type).accent, "data-status": card.status },
        ...face(card, "h1"),
      ),
      !acting.may("wallet:show")
        ? notice("quiet", "ban", t("mayNotShow"), h("p", {}, t("mayNotLead")))
        : card.status === "valid" && card.scenes.length
        ? sceneForm(
            card,
            labels,
            (scene) => go(`#/show/${card.id}/${encodeURIComponent(scene)}`),
            acting.may("health:show") ? (scene) => go(`#/health/together/${card.id}/${encodeURIComponent(scene)}`) : null,
          )
        : notice("caution", "info", t("notShowable"), h("p", {}, pick(card.statusReason))),
      details(card),
    ],
  );
  return { title: t("detailsTitle"), node, back: "#/cards" };
}

/** @param {CredentialDetail} card */
function details(card) {
  /** @type {[string, string][]} */
  const rows = [
    ...card.claims.map((claim) => /** @type {[string, string]} */ ([pick(claim.label), claim.value])),
    [t("issuer"), card.issuerName],
    [t("validFrom"), card.validFrom],
    [t("validUntil"), card.validUntil ?? t("forever")],
  ];
  return h(
    "section",
    { class: "panel", "aria-labelledby": "details-title" },
    h("h2", { class: "section-title", id: "details-title" }, t("detailsTitle")),
    h("dl", { class: "facts" }, ...rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
  );
}

/**
 * Where will it be used? Each answer says what will be seen there, before anything is shown.
 *
 * @param {CredentialDetail} card
 * @param {import("../labels.js").Labels} labels
 * @param {(scene: string) => void} show
 * @param {((scene: string) => void) | null} together With the health code in one QR.
 */
function sceneForm(card, labels, show, together) {
  const sees = h("p", { class: "sees", role: "status" });
  /** @param {CredentialDetail["scenes"][number]} offer */
  const tell = (offer) => {
    const words = t("sceneSees", { claims: claimNames(offer.claims, card.type, labels) });
    sees.replaceChildren(icon("eye"), h("span", {}, words, offer.mode === "opaque" ? h("span", { class: "sees__more" }, t("sceneOnline")) : null));
  };
  const [first] = card.scenes;
  if (first) tell(first);
  const form = h(
    "form",
    {
      class: "stack",
      "data-accent": lookOf(card.type).accent,
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        show(String(new FormData(form).get("scene")));
      },
    },
    h(
      "fieldset",
      { class: "panel choice" },
      h("legend", {}, t("sceneTitle")),
      h(
        "div",
        { class: "tiles" },
        ...card.scenes.map((offer) =>
          h(
            "label",
            { class: "tile" },
            h("input", { type: "radio", name: "scene", value: offer.scene, checked: offer === first, onchange: () => tell(offer) }),
            h("span", {}, pick(offer.name)),
          ),
        ),
      ),
      sees,
    ),
    h("div", { class: "dock" }, h("button", { type: "submit", class: "button button--wide button--accent button--show" }, icon("qr"), t("show"))),
    together ? button(t("togetherShow"), () => together(String(new FormData(form).get("scene"))), { icon: icon("shield") }) : null,
  );
  return form;
}
