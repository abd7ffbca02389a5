// Who may act for whom (代办), from both sides: seen, agreed to, ended, and the switch into another's shoes.

import { h } from "../../shared/dom.js";
import { Refused } from "../../shared/http.js";
import { dayAndTime } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { say } from "../../shared/live.js";
import { paged } from "../../shared/lists.js";
import { attempting, fill, notice, pill } from "../../shared/parts.js";
import { sure } from "../dialog.js";
import { config } from "../errands.js";
import { button, digitsField, form } from "../forms.js";
import { t } from "../messages.js";
import { kindName, scopeNames } from "../words.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").ActingGrant} Grant */
/** @template T @typedef {import("../../shared/wire.js").Page<T>} Page */
/** @typedef {{ confirm: (grant: Grant, code: string | null) => Promise<void>, end: (grant: Grant) => Promise<void>, switch: (grant: Grant) => Promise<void> }} Deeds */

const PATH = "/mp/v1/grants";

/**
 * @param {Context} context
 * @returns {View}
 */
export function actingView({ session, acting, signal, go }) {
  const problem = h("div", { class: "stack" });
  const box = h("div", { class: "stack" });
  const node = h(
    "div",
    { class: "stack" },
    h("div", {}, h("h1", { class: "page-title" }, t("actingTitle")), h("p", { class: "quiet" }, t("actingLead"))),
    problem,
    box,
  );
  const attempt = attempting(problem, signal, () => load());
  /** @type {Deeds} */
  const deeds = {
    confirm: (grant, code) =>
      attempt(async () => {
        if (code === null && !(await sure(consent(grant), signal))) return null;
        await session.call("POST", `${PATH}/${grant.id}/confirm`, { body: code === null ? {} : { code }, signal });
        return t("confirmed");
      }),
    end: (grant) =>
      attempt(async () => {
        if (!(await sure({ title: t("endGrantAsk"), lead: t("endGrantLead"), yes: endWords(grant), danger: true }, signal))) return null;
        await session.call("DELETE", `${PATH}/${grant.id}`, { signal });
        return t("ended");
      }),
    switch: (grant) =>
      attempt(async () => {
        await acting.switch(session, grant.id, signal);
        say(t("wasSwitched", { name: acting.now?.name ?? "" }), { now: true });
        go("#/cards");
        return null;
      }),
  };
  /** @param {string} [cursor] */
  const page = async (cursor) => {
    const query = cursor ? `?cursor=${encodeURIComponent(cursor)}` : "";
    return /** @type {Page<Grant>} */ ((await session.call("GET", `${PATH}${query}`, { signal })).data);
  };
  const load = () =>
    fill(
      box,
      signal,
      async () => {
        try {
          return await Promise.all([page(), config(signal)]);
        } catch (error) {
          // Below L2 nobody acts for anybody: that is an empty screen with a way on, not a failure.
          if (error instanceof Refused && error.problem.code === "STEP_UP_REQUIRED") return null;
          throw error;
        }
      },
      (found) => (found ? lists(...found, page, deeds, () => void load(), signal) : [notice("quiet", "shield", t("needsRealName"), h("a", { class: "button button--plain", href: "#/account" }, t("accountTitle")))]),
    );
  void load();
  return { title: t("actingTitle"), node, tab: "me", back: "#/me" };
}

/**
 * @param {Page<Grant>} found @param {import("../errands.js").Config} city @param {(cursor: string) => Promise<Page<Grant>>} page
 * @param {Deeds} deeds @param {() => void} again @param {AbortSignal} signal
 */
function lists(found, city, page, deeds, again, signal) {
  const mine = h("ul", { class: "stack" });
  const theirs = h("ul", { class: "stack" });
  const over = h("ul", { class: "stack" });
  const past = h("details", { class: "past" }, h("summary", {}, t("pastTitle")), over);
  /** @param {Grant[]} grants */
  const add = (grants) => {
    for (const grant of grants) {
      const list = grant.state === "ended" ? over : grant.side === "agent" ? mine : theirs;
      list.append(entry(grant, deeds));
    }
    past.hidden = !over.childElementCount;
    for (const [list, words] of /** @type {const} */ ([[mine, "iMayNobody"], [theirs, "mayMeNobody"]])) {
      list.querySelector(".nobody")?.remove();
      if (!list.childElementCount) list.append(h("li", { class: "panel quiet nobody" }, t(words)));
    }
  };
  return [
    h(
      "div",
      { class: "sheet__buttons" },
      h("a", { class: "button", href: "#/acting/ask" }, icon("people"), t("askTitle")),
      button(t("refresh"), again, { icon: icon("refresh") }),
    ),
    ...(city.legalPersons ? [h("a", { class: "button button--plain button--wide", href: "#/acting/appoint" }, icon("building"), t("appointTitle"))] : []),
    h("section", { class: "stack", "aria-labelledby": "mine-title" }, h("h2", { class: "section-title", id: "mine-title" }, t("iMayTitle")), mine),
    h("section", { class: "stack", "aria-labelledby": "theirs-title" }, h("h2", { class: "section-title", id: "theirs-title" }, t("mayMeTitle")), theirs),
    ...paged(past, found, page, add, signal),
  ];
}

/** @param {Grant} grant @param {Deeds} deeds */
function entry(grant, deeds) {
  /** @type {[string, string][]} */
  const rows = [
    [t("grantScopes"), scopeNames(grant.scopes)],
    [t("grantUntil"), dayAndTime(grant.expiresAt)],
  ];
  if (grant.caseId) rows.push([t("grantCase"), grant.caseId]);
  if (grant.confirmBy) rows.push([t("grantConfirmBy"), dayAndTime(grant.confirmBy)]);
  return h(
    "li",
    { class: "panel stack grant", "data-grant": grant.id, "data-state": grant.state, "data-side": grant.side },
    h(
      "div",
      { class: "device__head" },
      h("span", { class: "menu__icon" }, icon(grant.kind === "enterprise" ? "building" : "people")),
      h("div", {}, h("h3", { class: "row__title" }, grant.name ?? t("notNamedYet")), h("p", { class: "quiet" }, kindName(grant.kind))),
      standing(grant.state),
    ),
    h("dl", { class: "pairs" }, ...rows.map(([title, value]) => h("div", {}, h("dt", {}, title), h("dd", {}, value)))),
    ...todo(grant, deeds),
  );
}

/** @param {Grant["state"]} state */
function standing(state) {
  switch (state) {
    case "active":
      return pill("good", "check", t("stateActive"));
    case "offered":
      return pill("caution", "clock", t("stateOffered"));
    default:
      return pill("quiet", "ban", t("stateEnded"));
  }
}

/** What the person may do about it now. @param {Grant} grant @param {Deeds} deeds @returns {Node[]} */
function todo(grant, deeds) {
  if (grant.state === "ended") return [];
  const end = button(endWords(grant), () => void deeds.end(grant));
  if (grant.state === "active") {
    if (grant.kind === "guardian" && grant.side === "principal") return [h("p", { class: "quiet" }, t("guardianStands"))];
    return grant.side === "agent" ? [button(t("switchTo", { name: grant.name ?? "" }), () => void deeds.switch(grant), { kind: "", icon: icon("swap") }), end] : [end];
  }
  if (grant.mineToConfirm) {
    return [button(t("confirm"), () => void deeds.confirm(grant, null), { kind: "", icon: icon("check") }), ...(grant.code ? [readOut(grant.code)] : []), end];
  }
  if (grant.side === "agent") {
    const code = digitsField(`code-${grant.id}`, t("theirCode"));
    return [h("p", { class: "quiet" }, t("waitingForThem")), form(t("enterCode"), [code.node], () => deeds.confirm(grant, code.input.value.trim())), end];
  }
  return [end];
}

/** @param {string} code */
function readOut(code) {
  return h(
    "div",
    { class: "read-out" },
    h("p", {}, t("readOut")),
    h("p", { class: "read-out__code" }, `${code.slice(0, 3)} ${code.slice(3)}`),
    h("p", { class: "quiet" }, t("readOutLead")),
  );
}

/** @param {Grant} grant */
function endWords(grant) {
  if (grant.state === "active") return t("endGrant");
  return t(grant.mineToConfirm || grant.code ? "decline" : "withdraw");
}

/** @param {Grant} grant */
function consent(grant) {
  const name = grant.name ?? "";
  return {
    title: grant.kind === "enterprise" ? t("confirmAgentAsk") : t("confirmAsk", { name }),
    lead: t("confirmLead", { scopes: scopeNames(grant.scopes), until: dayAndTime(grant.expiresAt) }),
    yes: t("confirm"),
  };
}
