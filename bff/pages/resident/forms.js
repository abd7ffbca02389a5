// Pieces of a form, and those that only residents fill in.

import { h } from "../shared/dom.js";
import { field } from "../shared/forms.js";
import { t } from "./messages.js";

export { button, field, form, idNumberField, idNumberOf, Once, tick } from "../shared/forms.js";

/** @param {string} id @param {string} label */
export function digitsField(id, label) {
  return field(id, label, { inputmode: "numeric", autocomplete: "one-time-code", pattern: "[0-9]{6}", maxlength: 6, class: "digits" });
}

/** The way back to the account, where a screen has done what it is for. */
export function backToAccount() {
  return h("a", { class: "button button--wide", href: "#/account" }, t("backToAccount"));
}
