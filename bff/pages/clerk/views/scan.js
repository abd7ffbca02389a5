// Scanning: camera on, one code, verdict, and on to the next.

import { keepAwake } from "../../shared/awake.js";
import { h } from "../../shared/dom.js";
import { icon } from "../../shared/icons.js";
import { say } from "../../shared/live.js";
import { notice, report } from "../../shared/parts.js";
import { looksHealth } from "../health.js";
import { judge } from "../judge.js";
import { t } from "../messages.js";
import { looksOpaque, looksSigned } from "../offline/lz1.js";
import { CameraUnavailable, Scanner } from "../../shared/scanner.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */

const TROUBLE = /** @type {const} */ ({
  refused: ["cameraRefused", "cameraRefusedLead"],
  missing: ["cameraMissing", "cameraMissingLead"],
  insecure: ["cameraInsecure", "cameraInsecureLead"],
  broken: ["cameraBroken", "cameraBrokenLead"],
});

const FOREIGN = 2500; // milliseconds to say that a code is not ours

/**
 * @param {Context} context
 * @returns {View}
 */
export function scanView(context) {
  const { signal } = context;
  keepAwake(signal);
  const video = h("video", { class: "viewfinder__video", muted: true, playsinline: true, autoplay: true, "aria-label": t("cameraLabel") });
  const hint = h("p", { class: "viewfinder__hint", role: "status" });
  const aside = h("div", {});
  const verdict = h("div", { class: "stack" });
  const torch = h("button", { type: "button", class: "button button--glass", hidden: true, "aria-pressed": "false" }, icon("flash"), t("torchOn"));
  const pause = h("button", { type: "button", class: "button button--glass" }, icon("pause"), t("stopCamera"));
  const start = h("button", { type: "button", class: "button button--start" }, icon("camera"), t("startCamera"));
  const live = h("div", { class: "viewfinder__live" }, h("div", { class: "viewfinder__corners", "aria-hidden": "true" }), hint, h("div", { class: "viewfinder__tools" }, torch, pause));
  const finder = h("div", { class: "viewfinder", "data-state": "off" }, video, live, h("div", { class: "viewfinder__off" }, icon("qr"), start));
  const aim = h(
    "section",
    { class: "stack", "aria-labelledby": "scan-title" },
    h("div", {}, h("h1", { class: "page-title", id: "scan-title" }, t("scanTitle")), h("p", { class: "quiet" }, t("scanLead"))),
    finder,
    aside,
  );

  let lastForeign = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let forgetting;
  const scanner = new Scanner(
    video,
    (text) => {
      if (!looksSigned(text) && !looksOpaque(text) && !looksHealth(text)) {
        // Somebody's payment code or address: none of the server's business.
        if (text !== lastForeign) say(t("notOurs"));
        lastForeign = text;
        hint.textContent = t("notOurs");
        clearTimeout(forgetting);
        forgetting = setTimeout(() => (hint.textContent = t("aiming")), FOREIGN);
        return;
      }
      lastForeign = "";
      off();
      aim.hidden = true;
      void judge(context, text, verdict, t("next"), () => {
        aim.hidden = false;
        void on();
      });
    },
    (error) => {
      off();
      complain(error);
    },
  );
  signal.addEventListener("abort", () => scanner.dispose());

  const on = async () => {
    aside.replaceChildren();
    finder.dataset.state = "starting";
    hint.textContent = t("starting");
    try {
      await scanner.start();
      if (signal.aborted) return;
      finder.dataset.state = "on";
      hint.textContent = t("aiming");
      torch.hidden = !scanner.hasTorch;
      pause.focus({ preventScroll: true });
    } catch (error) {
      off();
      complain(error);
    }
  };
  const off = () => {
    scanner.stop();
    finder.dataset.state = "off";
  };
  /** @param {unknown} error */
  const complain = (error) => {
    if (signal.aborted) return;
    if (!(error instanceof CameraUnavailable)) report(error);
    const [title, lead] = TROUBLE[error instanceof CameraUnavailable ? error.reason : "broken"];
    const box = notice("caution", "camera", t(title), h("p", {}, t(lead)), h("a", { class: "button button--plain", href: "#/enter" }, icon("keyboard"), t("navEnter")));
    box.setAttribute("role", "alert");
    aside.replaceChildren(box);
  };
  start.addEventListener("click", () => void on());
  pause.addEventListener("click", () => {
    off();
    start.focus({ preventScroll: true });
  });
  torch.addEventListener("click", () => {
    const lit = torch.getAttribute("aria-pressed") !== "true";
    scanner.torch(lit).then(
      () => {
        torch.setAttribute("aria-pressed", String(lit));
        torch.replaceChildren(icon("flash"), t(lit ? "torchOff" : "torchOn"));
      },
      (error) => report(error),
    );
  });
  return { title: t("scanTitle"), node: h("div", {}, aim, verdict), tab: "scan" };
}
