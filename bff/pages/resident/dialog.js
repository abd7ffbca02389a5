// A question over the page. The element keeps the keyboard inside, closes on Esc and gives the focus back.

import { h } from "../shared/dom.js";
import { button } from "./forms.js";
import { t } from "./messages.js";

/**
 * @template Answer
 * @param {string} title
 * @param {(box: HTMLElement, close: (answer: Answer | null) => void) => void} build
 * @param {AbortSignal} signal Fires when the screen is left, and the question with it.
 * @returns {Promise<Answer | null>} Null if it was closed without an answer.
 */
export function modal(title, build, signal) {
  return new Promise((resolve) => {
    /** @type {Answer | null} */
    let given = null;
    const box = h("div", { class: "stack" });
    const dialog = h("dialog", { class: "sheet", "aria-labelledby": "sheet-title" }, h("h2", { id: "sheet-title" }, title), box);
    const leave = () => dialog.close();
    dialog.addEventListener("close", () => {
      signal.removeEventListener("abort", leave);
      dialog.remove();
      resolve(given);
    });
    signal.addEventListener("abort", leave);
    build(box, (answer) => {
      given = answer;
      dialog.close();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/**
 * Whether somebody really means it.
 *
 * @param {{ title: string, lead: string, yes: string, danger?: boolean }} question
 * @param {AbortSignal} signal
 */
export async function sure({ title, lead, yes, danger = false }, signal) {
  /** @type {boolean | null} */
  const answer = await modal(
    title,
    (box, close) =>
      box.append(
        h("p", {}, lead),
        h("div", { class: "sheet__buttons" }, button(t("cancel"), () => close(false)), button(yes, () => close(true), { kind: danger ? "danger" : "" })),
      ),
    signal,
  );
  return answer === true;
}
