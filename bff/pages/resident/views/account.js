// My account (我的账户): level and what it rests on, ways in, phone, merges, and what happened.

import { deviceHeader } from "../../shared/device.js";
import { h } from "../../shared/dom.js";
import { dayAndTime, dayName } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { say } from "../../shared/live.js";
import { fill, isAbort, notice, pill, report, trouble } from "../../shared/parts.js";
import { sure } from "../dialog.js";
import { addressOf, config, leaveFor, leaveOn } from "../errands.js";
import { button } from "../forms.js";
import { t } from "../messages.js";
import { levelName, mergeName, methodName, noticeName, providerName, sourceName } from "../words.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../errands.js").Config} Config */
/** @typedef {import("../step-up.js").Asked} Asked */
/** @typedef {import("../../shared/wire.js").Account} Account */
/** @typedef {import("../../shared/wire.js").DeletionInfo} DeletionInfo */
/** @typedef {import("../../shared/wire.js").LinkInfo} LinkInfo */
/** @typedef {import("../../shared/wire.js").MergeInfo} MergeInfo */
/** @typedef {import("../../shared/wire.js").ProofInfo} ProofInfo */

const ROUTE = "#/account";
/** What can be climbed to from each level, and where. @type {Record<string, readonly [words: "raiseL1" | "raiseL2" | "raiseL3", href: string]>} */
const RAISE = { L0: ["raiseL1", "#/account/phone"], L1: ["raiseL2", "#/account/level"], L2: ["raiseL3", "#/account/level"] };

/**
 * @param {Context} context
 * @returns {View}
 */
export function accountView(context) {
  const { session, stepUps, signal } = context;
  const problem = h("div", { class: "stack" });
  const box = h("div", { class: "stack" });
  const node = h("div", { class: "stack" }, h("h1", { class: "page-title" }, t("accountTitle")), problem, box);
  const load = () =>
    fill(
      box,
      signal,
      () => Promise.all([session.call("GET", "/mp/v1/account", { signal }), config(signal)]),
      ([{ data }, city]) => sections(data, city, ask, linkElsewhere),
    );
  /** @param {unknown} error */
  const failed = (error) => {
    if (signal.aborted || isAbort(error)) return;
    report(error);
    problem.replaceChildren(trouble(error));
    problem.scrollIntoView({ block: "nearest" });
  };
  /** @param {string} words */
  const done = (words) => {
    say(words);
    problem.replaceChildren(notice("good", "check", words));
  };
  /** @param {Asked} asked @param {string} words What to say once it is done. */
  const ask = async (asked, words) => {
    problem.replaceChildren();
    try {
      if (!(await stepUps.call(asked, signal))) return;
      done(words);
      await load();
    } catch (error) {
      failed(error);
    }
  };
  const linkElsewhere = async () => {
    problem.replaceChildren();
    try {
      const begun = await stepUps.call({ name: "beginLink", method: "POST", path: "/mp/v1/account/links/oidc/begin", headers: deviceHeader(), route: ROUTE }, signal);
      if (begun) leaveFor(begun.data, { for: "link", key: crypto.randomUUID() });
    } catch (error) {
      failed(error);
    }
  };
  const resumed = stepUps.outcome("link", "beginLink", "unlink", "undoMerge");
  if (resumed?.answer && resumed.name === "beginLink") leaveFor(resumed.answer.data, { for: "link", key: crypto.randomUUID() });
  else if (resumed?.answer) done(t(resumed.name === "link" ? (resumed.answer.data.merge ? "linkMerging" : "linkedNow") : resumed.name === "unlink" ? "unlinkedNow" : "mergeUndone"));
  if (resumed?.error) failed(resumed.error);
  void load();
  return { title: t("accountTitle"), node, tab: "me", back: "#/me" };

  /**
   * @param {Account} account @param {Config} city
   * @param {(asked: Asked, words: string) => Promise<void>} doIt @param {() => Promise<void>} elsewhere
   */
  function sections(account, city, doIt, elsewhere) {
    return [
      ...(account.deletion ? [leaving(account.deletion)] : []),
      level(account, city),
      phone(account),
      links(account, city, doIt, elsewhere, signal),
      ...(account.merges.length ? [merges(account.merges, doIt, signal)] : []),
      notices(account),
      data(account),
    ];
  }
}

/**
 * @param {string} id @param {string} title @param {...(import("../../shared/dom.js").Child)} children
 */
function section(id, title, ...children) {
  return h("section", { class: "panel stack", "aria-labelledby": id }, h("h2", { class: "section-title", id }, title), ...children);
}

/** @param {DeletionInfo} deletion */
function leaving(deletion) {
  return notice(
    "caution",
    "warning",
    t("deletionUnderWay", { when: dayAndTime(deletion.dueAt) }),
    h("p", {}, t("deletionUntil")),
    h("a", { class: "button button--plain", href: "#/account/deletion" }, t("deletionSee")),
  );
}

/** @param {Account} account @param {Config} city */
function level(account, city) {
  // A face is not looked at in every city.
  const raise = account.assurance === "L2" && !city.faceCheck ? null : RAISE[account.assurance];
  return section(
    "level-title",
    t("levelTitle"),
    h(
      "div",
      { class: "level" },
      pill(account.assurance === "L0" ? "quiet" : "good", "shield", account.assurance),
      h("p", { class: "level__words" }, levelName(account.assurance)),
      account.trustGrade === null ? null : h("p", { class: "quiet" }, t("trustGrade", { grade: account.trustGrade })),
    ),
    account.proofs.length
      ? h("ul", { class: "rows" }, ...account.proofs.map(proof))
      : h("p", { class: "quiet" }, t("noProofs")),
    raise ? h("a", { class: "button button--plain button--wide", href: raise[1] }, icon("arrow"), t(raise[0])) : null,
  );
}

/** @param {ProofInfo} proof */
function proof({ level: proved, method, source, at, expiresAt }) {
  const over = expiresAt !== null && Date.parse(expiresAt) <= Date.now();
  /** @type {[string, string][]} */
  const rows = [
    [t("proofSource"), sourceName(source)],
    [t("proofAt"), dayAndTime(at)],
    [t("proofExpires"), expiresAt === null ? t("proofForever") : dayAndTime(expiresAt)],
  ];
  return h(
    "li",
    { class: "row" },
    h("p", { class: "row__title" }, `${proved} · ${methodName(method)}`, over ? pill("caution", "clock", t("proofOver")) : null),
    h("dl", { class: "pairs" }, ...rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
  );
}

/** @param {Account} account */
function phone(account) {
  return section(
    "phone-title",
    t("phoneTitle"),
    h("p", { class: "row__title" }, icon("device"), account.phone ?? t("phoneNone")),
    h("a", { class: "button button--plain button--wide", href: "#/account/phone" }, t(account.phone ? "phoneChange" : "phoneBind")),
  );
}

/**
 * @param {Account} account @param {Config} city
 * @param {(asked: Asked, words: string) => Promise<void>} doIt @param {() => Promise<void>} elsewhere
 * @param {AbortSignal} signal
 */
function links(account, city, doIt, elsewhere, signal) {
  /** @param {string} provider */
  const lacks = (provider) => !account.links.some((link) => link.provider === provider);
  const missing = ["wechat", "alipay"].filter((provider) => addressOf(city, provider) && lacks(provider));
  return section(
    "links-title",
    t("linksTitle"),
    h("ul", { class: "rows" }, ...account.links.map((link) => way(link, doIt, signal))),
    ...missing.map((provider) =>
      button(
        t("linkAdd", { provider: providerName(provider) }),
        () => leaveOn(addressOf(city, provider) ?? "", { for: "link", key: crypto.randomUUID() }),
        { icon: icon("link") },
      ),
    ),
    city.citizenCloud && lacks("citizen-cloud") ? button(t("linkAdd", { provider: providerName("citizen-cloud") }), () => void elsewhere(), { icon: icon("link") }) : null,
  );
}

/**
 * @param {LinkInfo} link
 * @param {(asked: Asked, words: string) => Promise<void>} doIt @param {AbortSignal} signal
 */
function way(link, doIt, signal) {
  const provider = providerName(link.provider);
  const remove = async () => {
    if (!(await sure({ title: t("unlinkAsk", { provider }), lead: t("unlinkLead", { provider }), yes: t("unlink"), danger: true }, signal))) return;
    await doIt({ name: "unlink", method: "DELETE", path: `/mp/v1/account/links/${link.id}`, route: ROUTE }, t("unlinked", { provider }));
  };
  return h(
    "li",
    { class: "row row--split", "data-link": link.provider },
    h("div", {}, h("p", { class: "row__title" }, provider), h("p", { class: "quiet" }, t("linkedOn", { day: dayName(link.linkedAt) }))),
    h("button", { type: "button", class: "button button--text", "aria-label": t("unlinkLong", { provider }), onclick: () => void remove() }, t("unlink")),
  );
}

/**
 * @param {MergeInfo[]} found
 * @param {(asked: Asked, words: string) => Promise<void>} doIt @param {AbortSignal} signal
 */
function merges(found, doIt, signal) {
  return section("merges-title", t("mergesTitle"), h("ul", { class: "rows" }, ...found.map((merge) => one(merge, doIt, signal))));
}

/**
 * @param {MergeInfo} merge
 * @param {(asked: Asked, words: string) => Promise<void>} doIt @param {AbortSignal} signal
 */
function one(merge, doIt, signal) {
  const undo = async () => {
    if (!(await sure({ title: t("mergeUndo"), lead: t("mergeUndoLead"), yes: t("mergeUndo"), danger: true }, signal))) return;
    await doIt({ name: "undoMerge", method: "POST", path: `/mp/v1/account/merges/${merge.id}/undo`, route: ROUTE }, mergeName("undone"));
  };
  const { status, openedAt, reversibleUntil, signInAgain } = merge;
  return h(
    "li",
    { class: "row stack", "data-merge": status },
    h(
      "div",
      {},
      h("p", { class: "row__title" }, mergeName(status)),
      h("p", { class: "quiet" }, t("mergeOpened", { when: dayAndTime(openedAt) })),
      status === "merged" ? h("p", { class: "quiet" }, reversibleUntil ? t("mergeUntil", { when: dayAndTime(reversibleUntil) }) : t("mergeFinal")) : null,
    ),
    signInAgain ? notice("caution", "info", t("mergeSignInAgain")) : null,
    reversibleUntil ? button(t("mergeUndo"), () => void undo()) : null,
  );
}

/** @param {Account} account */
function notices(account) {
  return section(
    "notices-title",
    t("noticesTitle"),
    account.notices.length
      ? h(
          "ul",
          { class: "rows" },
          ...account.notices.map(({ kind, at }) => h("li", { class: "row" }, h("p", { class: "row__title" }, noticeName(kind)), h("p", { class: "quiet" }, dayAndTime(at)))),
        )
      : h("p", { class: "quiet" }, t("noNotices")),
  );
}

/** @param {Account} account */
function data(account) {
  return section(
    "data-title",
    t("dataTitle"),
    h("a", { class: "button button--plain button--wide", href: "#/account/copy" }, icon("download"), t("dataCopy")),
    account.deletion ? null : h("a", { class: "button button--text button--wide", href: "#/account/deletion" }, icon("trash"), t("dataDelete")),
  );
}
