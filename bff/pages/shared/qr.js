// The shown code as a QR, drawn here: what crosses the network is text, and no server draws in a hurry.

import { correction, generate, mode } from "../vendor/lean-qr/index.mjs";
import { toSvgPath } from "../vendor/lean-qr/extras/svg.mjs";
import { s } from "./dom.js";

const QUIET = 4; // modules; ISO/IEC 18004 asks for four

/**
 * @param {string} code
 * @param {string} label What it is, for those who cannot see it.
 * @returns {SVGSVGElement}
 */
export function drawQr(code, label) {
  // Level M, or a higher one where the same size has room for it.
  const bitmap = generate(code, { modes: [mode.alphaNumeric, mode.ascii], minCorrectionLevel: correction.M });
  const side = bitmap.size + 2 * QUIET;
  return s(
    "svg",
    { viewBox: `${-QUIET} ${-QUIET} ${side} ${side}`, role: "img", "aria-label": label, "shape-rendering": "crispEdges" },
    s("rect", { x: -QUIET, y: -QUIET, width: side, height: side, fill: "#fff" }),
    s("path", { d: toSvgPath(bitmap), fill: "#000" }),
  );
}
