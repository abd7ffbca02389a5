// A screen that stays on while it is needed.

/**
 * Hold the screen on until `signal` fires; the lock is lost whenever the page is hidden, and taken again.
 *
 * @param {AbortSignal} signal
 */
export function keepAwake(signal) {
  if (!("wakeLock" in navigator)) return;
  /** @type {WakeLockSentinel | null} */
  let lock = null;
  const hold = async () => {
    if (document.hidden || signal.aborted) return;
    lock = await navigator.wakeLock.request("screen").catch(() => null); // refused on low battery
    if (signal.aborted) void lock?.release();
  };
  document.addEventListener("visibilitychange", () => void hold(), { signal });
  signal.addEventListener("abort", () => void lock?.release());
  void hold();
}
