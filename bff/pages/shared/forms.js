// Pieces of a form.

import { h } from "./dom.js";

/**
 * A labelled field.
 *
 * @param {string} id @param {string} label @param {Record<string, unknown>} [attributes]
 */
export function field(id, label, attributes = {}) {
  const input = h("input", { id, name: id, required: true, autocapitalize: "off", autocomplete: "off", spellcheck: "false", ...attributes });
  return { node: h("div", { class: "field" }, h("label", { for: id }, label), input), input };
}

/** @param {string} id @param {string} label */
export function idNumberField(id, label) {
  return field(id, label, { pattern: "[0-9]{17}[0-9Xx]", maxlength: 18, autocapitalize: "characters" });
}

/** @param {HTMLInputElement} input */
export function idNumberOf(input) {
  return input.value.trim().toUpperCase();
}

/**
 * A box to tick, its words part of what can be tapped.
 *
 * @param {string} words @param {Record<string, unknown>} attributes
 */
export function tick(words, attributes) {
  const input = h("input", { type: "checkbox", ...attributes });
  return { node: h("label", { class: "option" }, input, h("span", {}, words)), input };
}

/**
 * @param {string} words
 * @param {() => void} onclick
 * @param {{ kind?: "plain" | "danger" | "text" | "", icon?: Node | null, label?: string }} [options]
 */
export function button(words, onclick, { kind = "plain", icon = null, label } = {}) {
  return h("button", { type: "button", class: `button button--wide ${kind && `button--${kind}`}`, "aria-label": label ?? false, onclick }, icon, words);
}

/**
 * A form that does one thing at a time: while it is being done it cannot be sent again.
 *
 * @param {string} words What the button says.
 * @param {Node[]} parts
 * @param {() => Promise<void>} send
 */
export function form(words, parts, send) {
  const submit = h("button", { type: "submit", class: "button button--wide" }, words);
  return h(
    "form",
    {
      class: "stack",
      onsubmit: async (/** @type {Event} */ event) => {
        event.preventDefault();
        if (submit.disabled) return;
        submit.disabled = true;
        try {
          await send();
        } finally {
          submit.disabled = false;
        }
      },
    },
    ...parts,
    submit,
  );
}

/**
 * The `Idempotency-Key` of a request: the same for as long as what is asked for is, so that sending it again
 * after a lost reply does it once.
 */
export class Once {
  #body = "";
  #key = "";

  /** @param {unknown} body */
  headers(body) {
    const now = JSON.stringify(body);
    if (!this.#key || now !== this.#body) {
      this.#body = now;
      this.#key = crypto.randomUUID();
    }
    return { "Idempotency-Key": this.#key };
  }

  /** It was answered: the next is another. */
  done() {
    this.#key = "";
  }
}
