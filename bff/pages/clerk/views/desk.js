// Work at a desk beside checking: what the clerk's scopes let them do, and nothing else is offered.

import { h } from "../../shared/dom.js";
import { menuEntry } from "../../shared/menu.js";
import { t } from "../messages.js";

/** @typedef {import("../app.js").Context} Context */

/**
 * @param {Context} context
 * @returns {HTMLElement | null} Null for a clerk who only checks.
 */
export function desk({ session }) {
  const scopes = session.kept?.scopes ?? [];
  const entries = [
    scopes.includes("health:appeals") ? menuEntry("#/appeals", "text", t("appealsTitle"), t("appealsLead")) : null,
    scopes.includes("health:manual") ? menuEntry("#/manual", "people", t("manualTitle"), t("manualLead")) : null,
    scopes.includes("health:manual-release") ? menuEntry("#/held", "warning", t("heldTitle"), t("heldLead")) : null,
    scopes.includes("health:venues") ? menuEntry("#/venues", "building", t("venuesTitle"), t("venuesLead")) : null,
  ].filter((entry) => entry !== null);
  if (!entries.length) return null;
  return h("nav", { class: "panel menu", "aria-label": t("deskTitle") }, ...entries);
}
