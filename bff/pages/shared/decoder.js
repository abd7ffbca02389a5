/// <reference lib="webworker" />
// Reads QR codes out of camera frames, off the page's thread.

import { prepareZXingModule, readBarcodes } from "../vendor/zxing/reader/index.js";

/** @typedef {{ id: number, frame: ImageData }} Question */
/** @typedef {{ id: number, text: string | null } | { ready: true } | { failed: string }} Reply */

const scope = /** @type {DedicatedWorkerGlobalScope} */ (/** @type {unknown} */ (self));

/** @param {Reply} reply */
const answer = (reply) => scope.postMessage(reply);

// Without this the library asks a public CDN for its WebAssembly.
const ready = prepareZXingModule({
  overrides: { locateFile: (/** @type {string} */ name) => new URL(`../vendor/zxing/reader/${name}`, import.meta.url).href },
  fireImmediately: true,
});
ready.then(
  () => answer({ ready: true }),
  (error) => answer({ failed: String(error) }),
);

scope.addEventListener("message", async (/** @type {MessageEvent<Question>} */ { data: { id, frame } }) => {
  await ready;
  const [found] = await readBarcodes(frame, { formats: ["QRCode"], tryHarder: true, tryInvert: false, maxNumberOfSymbols: 1, textMode: "Plain" });
  answer({ id, text: found?.isValid ? found.text : null });
});
