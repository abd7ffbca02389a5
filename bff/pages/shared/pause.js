// Waiting, in ways that end with the screen.

/** @param {number} milliseconds @param {AbortSignal} signal @returns {Promise<void>} */
export function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Until somebody looks at the page. @param {AbortSignal} signal @returns {Promise<void>} */
export function visible(signal) {
  return new Promise((resolve) => {
    const look = () => {
      if (!document.hidden || signal.aborted) resolve();
    };
    document.addEventListener("visibilitychange", look, { signal });
    signal.addEventListener("abort", look);
    look();
  });
}

/** Between half and one and a half times `milliseconds`: what many wait for, they do not ask for at once. @param {number} milliseconds */
export function jittered(milliseconds) {
  return milliseconds * (0.5 + Math.random());
}
