// Aiming at a code: a camera, or what stands in its place where there is none.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { notice, report } from "../shared/parts.js";
import { CameraUnavailable, Scanner } from "../shared/scanner.js";
import { button } from "./forms.js";
import { t } from "./messages.js";

/**
 * @typedef {object} Aim
 * @property {HTMLElement} node The picture, and the button that opens it.
 * @property {() => void} off Close the camera.
 * @property {(file: Blob) => Promise<string | null>} read What code a picture holds.
 */

/**
 * @param {object} options
 * @param {AbortSignal} options.signal
 * @param {string} options.scan What the button says.
 * @param {string} options.aiming
 * @param {string} options.other What is said of another's code, of which nothing is sent.
 * @param {(text: string) => boolean} options.accepts
 * @param {(text: string) => void} options.found
 * @param {HTMLElement} options.trouble Where it is said that there is no camera.
 * @param {string} options.instead What to do then.
 * @param {HTMLElement} options.typed Where to type then.
 * @returns {Aim}
 */
export function aim({ signal, scan, aiming, other, accepts, found, trouble, instead, typed }) {
  const video = h("video", { class: "finder__video", muted: true, playsinline: true, autoplay: true, "aria-label": t("cameraPicture") });
  const hint = h("p", { class: "finder__hint", role: "status" });
  const finder = h("div", { class: "finder", hidden: true }, video, hint);
  const start = button(scan, () => void on(), { kind: "", icon: icon("camera") });
  const scanner = new Scanner(
    video,
    (text) => {
      if (!accepts(text)) return void (hint.textContent = other);
      off();
      found(text);
    },
    (error) => complain(error),
  );
  signal.addEventListener("abort", () => scanner.dispose());
  const on = async () => {
    trouble.replaceChildren();
    finder.hidden = false;
    start.hidden = true;
    hint.textContent = aiming;
    try {
      await scanner.start();
    } catch (error) {
      complain(error);
    }
  };
  const off = () => {
    scanner.stop();
    finder.hidden = true;
    start.hidden = false;
  };
  /** @param {unknown} error */
  const complain = (error) => {
    if (signal.aborted) return;
    off();
    if (!(error instanceof CameraUnavailable)) report(error);
    const box = notice("caution", "camera", t("checkInNoCamera"), h("p", {}, instead));
    box.setAttribute("role", "alert");
    trouble.replaceChildren(box);
    typed.focus();
  };
  return { node: h("div", { class: "stack" }, finder, start), off, read: (file) => scanner.read(file) };
}
