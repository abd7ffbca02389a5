// The server's time, as far as this device has heard it.
//
// A counter's computer that runs minutes wrong would call every code expired. Each answer carries the
// server's time; the difference is kept, and used when there is no server to ask.

const KEY = "suishen.clock";

/** Learn from an answer that says it is `serverTime` there now. @param {number} serverTime Milliseconds. */
export function learnTime(serverTime) {
  try {
    localStorage.setItem(KEY, String(Math.round(serverTime - Date.now())));
  } catch {
    // Then this device's own clock has to do.
  }
}

/** Seconds since 1970, by the server's clock. */
export function serverNow() {
  let ahead = 0;
  try {
    ahead = Number(localStorage.getItem(KEY) ?? 0) || 0;
  } catch {
    // As above.
  }
  return (Date.now() + ahead) / 1000;
}
