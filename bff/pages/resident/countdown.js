// How long a code still lives, by the server's clock.

import { h, s } from "../shared/dom.js";

const ROUND = 2 * Math.PI * 26;

/**
 * Seconds left of a code, from the two instants the server named and the time since we asked.
 *
 * Counted from when the request left, not from when the answer came: a code may then seem to die a moment
 * early, never late. Of the two local clocks the one that moved further counts: the monotonic one can
 * stand still while a phone sleeps, the wall clock can be set back.
 *
 * @param {{ issuedAt: string, expiresAt: string }} ticket
 * @param {{ monotonic: number, wall: number }} asked Both clocks when the request left, in milliseconds.
 * @param {{ monotonic: number, wall: number }} now
 */
export function secondsLeft(ticket, asked, now) {
  const life = Date.parse(ticket.expiresAt) - Date.parse(ticket.issuedAt);
  const gone = Math.max(now.monotonic - asked.monotonic, now.wall - asked.wall);
  return Math.max(0, (life - gone) / 1000);
}

/** Both local clocks. */
export function clocks() {
  return { monotonic: performance.now(), wall: Date.now() };
}

/**
 * A ring that empties, and the seconds in it.
 *
 * @param {string} label
 */
export function ring(label) {
  const rest = s("circle", { class: "ring__left", cx: 30, cy: 30, r: 26, "stroke-dasharray": ROUND });
  const digits = h("span", { class: "ring__digits" });
  const node = h(
    "div",
    { class: "ring", role: "timer", "aria-label": label },
    s("svg", { viewBox: "0 0 60 60", "aria-hidden": "true" }, s("circle", { class: "ring__all", cx: 30, cy: 30, r: 26 }), rest),
    digits,
  );
  return {
    node,
    /** @param {number} left Seconds. @param {number} whole Of how many. */
    show: (left, whole) => {
      rest.setAttribute("stroke-dashoffset", String(ROUND * (1 - left / whole)));
      digits.textContent = String(Math.ceil(left));
    },
  };
}
