// Venues of one's own organisation (场所码): registered, and the code that hangs there, on a screen or on paper.

import { colourName } from "../../shared/colours.js";
import { h } from "../../shared/dom.js";
import { field, form, Once, tick } from "../../shared/forms.js";
import { dayAndTime, pick } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { attempting, fill, isAbort, notice, report, trouble } from "../../shared/parts.js";
import { jittered, pause } from "../../shared/pause.js";
import { drawQr } from "../../shared/qr.js";
import { backTo, choiceField, fact, heading, pages } from "../lists.js";
import { t } from "../messages.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").Venue} Venue */
/** @typedef {import("../../shared/wire.js").VenueCode} VenueCode */
/** @template T @typedef {import("../../shared/wire.js").Page<T>} Page */

const PATH = "/verifier/v1/venues";
const COLOURS = /** @type {const} */ (["GREEN", "YELLOW", "RED", "GREY"]);
const KINDS = /** @type {const} */ ({
  TRANSPORT: "venueTransport",
  SHOP: "venueShop",
  CATERING: "venueCatering",
  SCHOOL: "venueSchool",
  HOSPITAL: "venueHospital",
  CARE_HOME: "venueCareHome",
  OFFICE: "venueOffice",
  HOUSING: "venueHousing",
  OTHER: "venueOther",
});

/** @param {string} kind */
function kindName(kind) {
  const words = /** @type {Record<string, Parameters<typeof t>[0]>} */ (KINDS)[kind];
  return words ? t(words) : kind;
}

/**
 * @param {Context} context
 * @returns {View}
 */
export function venuesView({ session, signal }) {
  const problem = h("div", { class: "stack" });
  const box = h("div", { class: "stack" });
  const attempt = attempting(problem, signal, () => show());
  /** @param {string} [cursor] */
  const load = async (cursor) => /** @type {Page<Venue>} */ ((await session.call("GET", `${PATH}${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ""}`, { signal })).data);
  const show = () => fill(box, signal, () => load(), (page) => pages(page, load, panel, t("venuesNone"), signal));
  void show();
  const once = new Once();
  const nameZh = field("name-zh", t("venueNameZh"), { maxlength: 60 });
  const nameEn = field("name-en", t("venueNameEn"), { maxlength: 120 });
  const division = field("division", t("venueDivision"), { inputmode: "numeric", pattern: "[0-9]{6}", maxlength: 6 });
  const kind = choiceField("kind", t("venueKind"), Object.entries(KINDS).map(([code, words]) => [code, t(words)]));
  const admits = COLOURS.map((colour) => tick(colourName(colour), { name: "admits", value: colour, checked: colour === "GREEN" }));
  const printed = tick(t("venuePrinted"), { id: "printed" });
  const register = form(t("venueRegister"), [nameZh.node, nameEn.node, division.node, kind.node, h("fieldset", { class: "choice" }, h("legend", {}, t("venueAdmits")), ...admits.map(({ node }) => node)), printed.node], () =>
    attempt(async () => {
      const body = {
        nameZh: nameZh.input.value.trim(),
        nameEn: nameEn.input.value.trim(),
        division: division.input.value.trim(),
        kind: kind.input.value,
        admits: admits.filter(({ input }) => input.checked).map(({ input }) => input.value),
        printedCodes: printed.input.checked,
      };
      await session.call("POST", PATH, { body, headers: once.headers(body), signal });
      once.done();
      register.reset();
      window.scrollTo(0, 0);
      return t("venueRegistered");
    }),
  );
  const node = h(
    "div",
    { class: "stack" },
    heading(t("venuesTitle"), t("venuesLong")),
    problem,
    box,
    h("section", { class: "panel stack", "aria-labelledby": "venue-register" }, h("h2", { class: "section-title", id: "venue-register" }, t("venueRegister")), register),
  );
  return { title: t("venuesTitle"), node, tab: "shift" };
}

/** @param {Venue} venue */
function panel(venue) {
  return h(
    "article",
    { class: "panel stack" },
    h("h2", { class: "desk__title" }, pick(venue.name)),
    h("dl", { class: "facts" }, fact(t("venueKind"), kindName(venue.kind)), fact(t("venueDivision"), venue.division), fact(t("venueAdmits"), venue.admits.map(colourName).join(t("comma")))),
    h("a", { class: "button button--wide", href: `#/venues/${venue.id}/displayed` }, icon("qr"), t("venueDisplay")),
    venue.printedCodes ? h("a", { class: "button button--plain button--wide", href: `#/venues/${venue.id}/printed` }, icon("page"), t("venuePrint")) : null,
  );
}

/**
 * The code of this minute, for a screen at the door; the next one comes by itself.
 *
 * @param {Context} context
 * @param {string} id
 * @returns {View}
 */
export function venueDisplayView({ session, signal }, id) {
  const box = h("div", { class: "stack" });
  const run = async () => {
    while (!signal.aborted) {
      try {
        const { data, date } = await session.call("GET", `${PATH}/${encodeURIComponent(id)}/code`, { signal });
        const { code, nextAt } = /** @type {VenueCode} */ (data);
        box.replaceChildren(h("div", { class: "show__qr" }, drawQr(code, t("venueQr"))), h("p", { class: "quiet" }, t("venueRotates")));
        await pause(Math.max(1000, (Date.parse(nextAt ?? "") || 0) - (date ?? Date.now())), signal);
      } catch (error) {
        if (signal.aborted || isAbort(error)) return;
        report(error);
        box.replaceChildren(trouble(error));
        await pause(jittered(5000), signal);
      }
    }
  };
  void run();
  const node = h("div", { class: "stack" }, h("h1", { class: "page-title" }, t("venueDisplay")), h("section", { class: "panel", "aria-label": t("venueDisplay") }, box), backTo("#/venues", t("venuesTitle")));
  return { title: t("venueDisplay"), node, tab: "shift" };
}

/**
 * A code for paper. What is to be known of one is read before it is made, for it withdraws the one before.
 *
 * @param {Context} context
 * @param {string} id
 * @returns {View}
 */
export function venuePrintView({ session, signal }, id) {
  const problem = h("div", { class: "stack" });
  const box = h("div", { class: "stack" });
  const attempt = attempting(problem, signal, async () => {});
  const make = () =>
    attempt(async () => {
      const { data } = await session.call("POST", `${PATH}/${encodeURIComponent(id)}/printed-codes`, { signal });
      const { code, notice: warning } = /** @type {VenueCode} */ (data);
      box.replaceChildren(
        h("div", { class: "show__qr printed" }, drawQr(code, t("venueQr"))),
        ...(warning ? [notice("caution", "warning", pick(warning))] : []),
        h("p", { class: "quiet" }, t("venuePrintedAt", { when: dayAndTime(new Date().toISOString()) })),
        h("button", { type: "button", class: "button button--wide", onclick: () => window.print() }, icon("page"), t("venuePrintNow")),
      );
      return t("venuePrintedDone");
    });
  box.append(notice("caution", "warning", t("venuePrintAsk")), h("button", { type: "button", class: "button button--wide", onclick: () => void make() }, icon("page"), t("venuePrintMake")));
  const node = h("div", { class: "stack" }, h("h1", { class: "page-title" }, t("venuePrint")), problem, h("section", { class: "panel", "aria-label": t("venuePrint") }, box), backTo("#/venues", t("venuesTitle")));
  return { title: t("venuePrint"), node, tab: "shift" };
}
