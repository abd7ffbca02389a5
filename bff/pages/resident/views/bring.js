// Bringing a certificate of another place (互认): scanned, read from a picture, or pasted. No colour follows by itself.

import { h } from "../../shared/dom.js";
import { dayAndTime } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { say } from "../../shared/live.js";
import { isAbort, notice, report, trouble, waiting } from "../../shared/parts.js";
import { aim } from "../aim.js";
import { button, form } from "../forms.js";
import { t } from "../messages.js";
import { certificateName } from "../words.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").CarriedCertificate} Certificate */

const PATH = "/mp/v1/health-code/certificates";
const FORMATS = ["HC1:", "shc:/", "NZCP:/", "HZ1."];
const LONGEST = 8000;

/** @param {string} text */
const isCertificate = (text) => FORMATS.some((prefix) => text.startsWith(prefix));

/**
 * @param {Context} context
 * @returns {View}
 */
export function bringView({ session, signal }) {
  const answer = h("div", { class: "stack" });
  const words = h("textarea", { id: "certificate", name: "certificate", required: true, maxlength: LONGEST, rows: 4, autocapitalize: "off", autocomplete: "off", spellcheck: "false" });
  const picture = h("input", { id: "picture", name: "picture", type: "file", accept: "image/*", onchange: () => void read() });
  const camera = aim({
    signal,
    scan: t("bringScan"),
    aiming: t("bringAim"),
    other: t("bringNotOurs"),
    accepts: isCertificate,
    found: (text) => void bring(text),
    trouble: answer,
    instead: t("bringNoCameraLead"),
    typed: words,
  });
  const ways = h(
    "div",
    { class: "stack" },
    camera.node,
    h("section", { class: "panel stack" }, h("div", { class: "field" }, h("label", { for: "picture" }, t("bringPicture")), picture)),
    h("section", { class: "panel" }, form(t("bringGo"), [h("div", { class: "field" }, h("label", { for: "certificate" }, t("bringText")), words)], () => bring(words.value.trim()))),
  );
  const read = async () => {
    const file = picture.files?.[0];
    if (!file) return;
    picture.value = "";
    let text = null;
    try {
      text = await camera.read(file);
    } catch (error) {
      // What is no picture at all is no certificate either.
      if (!(error instanceof DOMException)) report(error);
    }
    if (signal.aborted) return;
    if (text && isCertificate(text)) return void bring(text);
    const box = notice("bad", "warning", t("bringNothing"));
    box.setAttribute("role", "alert");
    answer.replaceChildren(box);
  };
  /** @param {string} text */
  const bring = async (text) => {
    camera.off();
    ways.hidden = true;
    answer.replaceChildren(waiting(1));
    try {
      const { data } = await session.call("POST", PATH, { body: { text }, signal });
      if (!signal.aborted) tell(data);
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      report(error);
      answer.replaceChildren(trouble(error), again());
    }
  };
  /** @param {Certificate} certificate */
  const tell = (certificate) => {
    const see = h("a", { class: "button button--wide", href: "#/health" }, icon("qr"), t("bringSee"));
    answer.replaceChildren(
      notice("good", "check", t("bringDone")),
      h(
        "dl",
        { class: "panel facts" },
        fact(t("bringIssuer"), certificate.issuer),
        certificate.issuedAt ? fact(t("bringIssued"), dayAndTime(certificate.issuedAt)) : null,
        certificate.expiresAt ? fact(t("bringExpires"), dayAndTime(certificate.expiresAt)) : null,
        ...certificate.statements.map((each) => fact(certificateName(each.certificate), dayAndTime(each.occurredAt))),
      ),
      ...(certificate.statements.some(({ stale }) => stale) ? [notice("caution", "clock", t("bringStale"))] : []),
      ...(certificate.matched === "BIRTH_DATE" ? [notice("quiet", "info", t("bringBirthDate"))] : []),
      h("p", { class: "quiet" }, t("bringPromise")),
      see,
      again(),
    );
    say(t("bringDone"));
    see.focus({ preventScroll: true });
  };
  const again = () =>
    button(t("bringAgain"), () => {
      answer.replaceChildren();
      words.value = "";
      ways.hidden = false;
    });
  const node = h("div", { class: "stack" }, h("div", {}, h("h1", { class: "page-title" }, t("bringTitle")), h("p", { class: "quiet" }, t("bringLong"))), answer, ways);
  return { title: t("bringTitle"), node, back: "#/health" };
}

/** @param {string} name @param {string} value */
function fact(name, value) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}
