// How long a code still lives, by the server's clock.

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
