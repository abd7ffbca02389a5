// A list of which the server sends a page at a time.

import { h } from "./dom.js";
import { shared } from "./messages.js";
import { isAbort, report, trouble } from "./parts.js";

/** @template T @typedef {import("./wire.js").Page<T>} Page */

/**
 * `list` with the entries of `first`, and below it a button that adds the next page, for as long as there is one.
 * A page that does not come leaves what is there, and can be asked for again.
 *
 * @template Item
 * @param {HTMLElement} list
 * @param {Page<Item>} first
 * @param {(cursor: string) => Promise<Page<Item>>} load
 * @param {(items: Item[]) => void} add Puts entries at the end of `list`.
 * @param {AbortSignal} signal
 * @returns {Node[]}
 */
export function paged(list, first, load, add, signal) {
  const rest = h("div", {});
  /** @param {Page<Item>} page */
  const show = ({ items, nextCursor }) => {
    add(items);
    rest.replaceChildren(
      ...(nextCursor ? [h("button", { type: "button", class: "button button--plain button--wide", onclick: () => void more(nextCursor) }, shared("more"))] : []),
    );
  };
  /** @param {string} cursor */
  const more = async (cursor) => {
    try {
      const page = await load(cursor);
      if (!signal.aborted) show(page);
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      report(error);
      rest.replaceChildren(trouble(error, () => void more(cursor)));
    }
  };
  show(first);
  return [list, rest];
}
