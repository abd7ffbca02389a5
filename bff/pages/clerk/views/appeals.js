// Appeals at the clerk's desk (赋码申诉): one organisation reviews, another agrees; the outcome is evidence, no colour.

import { colourTag } from "../../shared/colours.js";
import { h } from "../../shared/dom.js";
import { field, form } from "../../shared/forms.js";
import { dayAndTime, pick } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { attempting, fill, notice, pill } from "../../shared/parts.js";
import { backTo, choiceField, fact, heading, pages, wordsField } from "../lists.js";
import { t } from "../messages.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").AppealInfo} Appeal */
/** @typedef {import("../../shared/wire.js").AppealCase} Case */
/** @typedef {NonNullable<Case["disputed"]>} Disputed */
/** @template T @typedef {import("../../shared/wire.js").Page<T>} Page */

const PATH = "/verifier/v1/health-appeals";

/** @type {Record<string, readonly [tone: import("../../shared/parts.js").Tone, icon: import("../../shared/icons.js").IconName, words: Parameters<typeof t>[0]]>} */
const STATES = {
  FILED: ["caution", "clock", "appealFiled"],
  IN_REVIEW: ["caution", "eye", "appealInReview"],
  PROPOSED: ["caution", "people", "appealProposed"],
  UPHELD: ["good", "check", "appealUpheld"],
  REJECTED: ["quiet", "cross", "appealRejected"],
  WITHDRAWN: ["quiet", "back", "appealWithdrawn"],
};

/** @param {Appeal} appeal */
function state(appeal) {
  const [tone, symbol, words] = STATES[appeal.state] ?? /** @type {const} */ (["quiet", "info", "appealFiled"]);
  return [pill(tone, symbol, t(words)), appeal.overdue ? pill("bad", "warning", t("appealOverdue")) : null];
}

/**
 * @param {Context} context
 * @returns {View}
 */
export function appealsView({ session, signal }) {
  const box = h("div", { class: "stack" });
  const which = choiceField("which", t("appealsWhich"), [
    ["state=FILED", t("appealFiled")],
    ["state=IN_REVIEW", t("appealInReview")],
    ["state=PROPOSED", t("appealProposed")],
    ["overdue=true", t("appealOverdue")],
    ["", t("appealsAll")],
  ]);
  /** @param {string} [cursor] */
  const load = async (cursor) => {
    const query = [which.input.value, cursor ? `cursor=${encodeURIComponent(cursor)}` : ""].filter(Boolean).join("&");
    return /** @type {Page<Appeal>} */ ((await session.call("GET", `${PATH}?${query}`, { signal })).data);
  };
  const show = () => void fill(box, signal, () => load(), (page) => pages(page, load, entry, t("appealsNone"), signal));
  which.input.addEventListener("change", show);
  show();
  return { title: t("appealsTitle"), node: h("div", { class: "stack" }, heading(t("appealsTitle"), t("appealsLong")), which.node, box), tab: "shift" };
}

/** @param {Appeal} appeal */
function entry(appeal) {
  return h(
    "a",
    { class: "panel menu__entry desk__entry", href: `#/appeals/${appeal.id}` },
    h("span", { class: "menu__text" }, h("span", { class: "menu__title" }, t("appealOf", { when: dayAndTime(appeal.filedAt) })), h("span", { class: "desk__states" }, colourTag(appeal.colour), ...state(appeal))),
    icon("arrow"),
  );
}

/**
 * @param {Context} context
 * @param {string} id
 * @returns {View}
 */
export function appealCaseView({ session, signal }, id) {
  const path = `${PATH}/${encodeURIComponent(id)}`;
  const problem = h("div", { class: "stack" });
  const box = h("div", { class: "stack" });
  const attempt = attempting(problem, signal, () => load());
  /** @param {string} step @param {string} words @param {unknown} [body] */
  const step = (step, words, body) =>
    attempt(async () => {
      try {
        await session.call("POST", `${path}/${step}`, { body, signal });
      } catch (error) {
        // Somebody else may have been faster: what is read next is what stands now.
        void load();
        throw error;
      }
      return words;
    });
  /** @param {string} file */
  const open = (file) =>
    attempt(async () => {
      const { data } = await session.call("GET", `${path}/attachments/${encodeURIComponent(file)}`, { signal });
      const bytes = Uint8Array.from(atob(data.content), (char) => char.charCodeAt(0));
      const url = URL.createObjectURL(new Blob([bytes], { type: data.mediaType }));
      // Saved and not shown here: what a stranger sent is no part of this page.
      h("a", { href: url, download: `${file}.${data.mediaType.split("/")[1]}` }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
      return null;
    });
  const load = () =>
    fill(
      box,
      signal,
      async () => /** @type {Case} */ ((await session.call("GET", path, { signal })).data),
      (found) => [about(found, open), ...subject(found), ...deeds(found, step)],
      2,
    );
  void load();
  const node = h("div", { class: "stack" }, h("h1", { class: "page-title" }, t("appealTitle")), problem, box, backTo("#/appeals", t("appealsTitle")));
  return { title: t("appealTitle"), node, tab: "shift" };
}

/** @param {Case} found @param {(file: string) => Promise<void>} open */
function about({ appeal, takenBy, proposedBy, decidedBy }, open) {
  return h(
    "section",
    { class: "panel stack", "aria-labelledby": "appeal-said" },
    h("div", { class: "desk__states" }, colourTag(appeal.colour), ...state(appeal)),
    h("h2", { class: "section-title", id: "appeal-said" }, t("appealStatement")),
    h("p", {}, appeal.statement),
    ...appeal.attachments.map((file) =>
      h("button", { type: "button", class: "button button--plain", onclick: () => void open(file.id) }, icon("download"), t("appealFile", { type: file.mediaType.split("/")[1]?.toUpperCase() ?? "", size: Math.ceil(file.size / 1024) })),
    ),
    h(
      "dl",
      { class: "facts" },
      fact(t("appealFiledAt"), dayAndTime(appeal.filedAt)),
      fact(t("appealDeadline"), dayAndTime(appeal.deadline)),
      takenBy ? fact(t("appealTakenBy"), takenBy) : null,
      proposedBy ? fact(t("appealProposedBy"), proposedBy) : null,
      decidedBy ? fact(t("appealDecidedBy"), decidedBy) : null,
      appeal.answer ? fact(t("appealAnswer"), appeal.answer) : null,
    ),
  );
}

/** What the appeal is about. @param {Case} found @returns {Node[]} */
function subject(found) {
  const { disputed, appeal } = found;
  if (!appeal.evidence) return outcome(found);
  if (!disputed) return [notice("caution", "info", t("appealGone"))];
  return [
    h(
      "section",
      { class: "panel stack", "aria-labelledby": "appeal-disputed" },
      h("h2", { class: "section-title", id: "appeal-disputed" }, t("appealDisputed")),
      facts(disputed),
      ...wanted(found),
    ),
  ];
}

/** A colour that rests on no evidence: its rule, and all that is known. @param {Case} found */
function outcome(found) {
  const { appeal, known = [], unknown = [] } = found;
  return [
    h(
      "section",
      { class: "panel stack", "aria-labelledby": "appeal-disputed" },
      h("h2", { class: "section-title", id: "appeal-disputed" }, t("appealOutcome")),
      h("dl", { class: "facts" }, fact(t("appealRule"), appeal.rule), appeal.judgedAt ? fact(t("appealJudged"), dayAndTime(appeal.judgedAt)) : null),
      unknown.length ? h("ul", { class: "points" }, ...unknown.map((gap) => h("li", {}, pick(gap)))) : null,
      ...wanted(found),
    ),
    h(
      "section",
      { class: "panel stack", "aria-labelledby": "appeal-known" },
      h("h2", { class: "section-title", id: "appeal-known" }, t("appealKnown")),
      ...(known.length ? known.map(facts) : [h("p", { class: "quiet" }, t("appealNothingKnown"))]),
    ),
  ];
}

/** @param {Disputed} evidence */
function facts(evidence) {
  return h(
    "dl",
    { class: "facts" },
    fact(t("evidenceKind"), evidence.kind),
    fact(t("evidenceSource"), evidence.source),
    fact(t("evidenceWhen"), dayAndTime(evidence.occurredAt)),
    ...Object.entries(evidence.facts).map(([name, value]) => fact(name, String(value))),
  );
}

/** What the other organisation is asked to agree to. @param {Case} found @returns {Node[]} */
function wanted({ appeal, correction, correcting, missingKind, missingAt, known = [], proposedAnswer }) {
  if (appeal.state !== "PROPOSED") return [];
  const told = proposedAnswer ? h("p", {}, `${t("appealAnswer")}: ${proposedAnswer}`) : null;
  const words = correction ? Object.entries(correction).map(([name, value]) => `${name}: ${value}`) : [];
  if (missingKind && missingAt) return [notice("caution", "people", t("appealAdded"), h("p", {}, [missingKind, dayAndTime(missingAt), ...words].join(" · ")), told)];
  const which = appeal.evidence ? null : known.find((each) => each.evidence === correcting);
  return [
    notice(
      "caution",
      "people",
      correction ? t("appealCorrected") : t("appealTakenBack"),
      which ? h("p", {}, named(which)) : null,
      words.length ? h("p", {}, words.join(" · ")) : null,
      told,
    ),
  ];
}

/** @param {Disputed} evidence */
function named({ kind, occurredAt, source }) {
  return [kind, dayAndTime(occurredAt), source].join(" · ");
}

/**
 * What can be done with it now. Whether this clerk is of the right side, the server says.
 *
 * @param {Case} found
 * @param {(step: string, words: string, body?: unknown) => Promise<void>} step
 * @returns {Node[]}
 */
function deeds({ appeal, disputed, known, proposal }, step) {
  /** @param {string} words @param {() => unknown} onclick @param {string} kind */
  const button = (words, onclick, kind = "") => h("button", { type: "button", class: `button button--wide ${kind}`, onclick }, words);
  switch (appeal.state) {
    case "FILED":
      return [button(t("appealTake"), () => void step("take", t("appealInReview")))];
    case "IN_REVIEW":
      return [appeal.evidence ? proposing(disputed, step) : mending(known ?? [], step), rejecting(step)];
    case "PROPOSED":
      return [
        h("p", { class: "quiet" }, t("appealSecond")),
        button(t("appealUphold"), () => void step(`uphold?proposal=${proposal}`, t("appealUpheld"))),
        button(t("appealReturn"), () => void step("return", t("appealInReview")), "button--plain"),
      ];
    default:
      return [];
  }
}

/** @param {Case["disputed"]} disputed @param {(step: string, words: string, body?: unknown) => Promise<void>} step */
function proposing(disputed, step) {
  const words = wordsField("answer", t("appealAnswerWhy"));
  const how = choiceField("how", t("appealHow"), [["", t("appealTakeBack")], ...(disputed?.kind === "RESULT" ? [/** @type {const} */ (["NEGATIVE", t("appealToNegative")])] : [])]);
  const send = () => step("propose", t("appealProposed"), { answer: words.input.value.trim(), facts: how.input.value ? { kind: "RESULT", outcome: how.input.value } : null });
  return h("section", { class: "panel stack", "aria-labelledby": "appeal-propose" }, h("h2", { class: "section-title", id: "appeal-propose" }, t("appealPropose")), form(t("appealPropose"), [how.node, words.node], send));
}

/** What may be added for an appeal: it speaks for who filed it. @type {Record<string, { kind: string, outcome?: string, mode?: string }>} */
const ADDED = {
  negative: { kind: "RESULT", outcome: "NEGATIVE" },
  sample: { kind: "SAMPLED" },
  central: { kind: "ISOLATION_RELEASED", mode: "CENTRAL" },
  home: { kind: "ISOLATION_RELEASED", mode: "HOME" },
};

/** @param {Disputed[]} known @param {(step: string, words: string, body?: unknown) => Promise<void>} step */
function mending(known, step) {
  const words = wordsField("answer", t("appealAnswerWhy"));
  const how = choiceField("how", t("appealHow"), [
    ["negative", t("appealAddNegative")],
    ["sample", t("appealAddSample")],
    ["central", t("appealAddCentral")],
    ["home", t("appealAddHome")],
    ...known.map((each) => /** @type {const} */ ([each.evidence, t("appealTakeBackOne", { which: named(each) })])),
  ]);
  const when = field("occurred", t("appealWhen"), { type: "datetime-local" });
  const shown = () => {
    const adds = how.input.value in ADDED;
    when.node.hidden = !adds;
    when.input.required = adds;
  };
  how.input.addEventListener("change", shown);
  shown();
  const send = () => {
    const answer = words.input.value.trim();
    const facts = ADDED[how.input.value];
    const body = facts ? { answer, facts, occurredAt: new Date(`${when.input.value}:00+08:00`).toISOString() } : { answer, evidence: how.input.value };
    return step("propose", t("appealProposed"), body);
  };
  return h("section", { class: "panel stack", "aria-labelledby": "appeal-propose" }, h("h2", { class: "section-title", id: "appeal-propose" }, t("appealPropose")), form(t("appealPropose"), [how.node, when.node, words.node], send));
}

/** @param {(step: string, words: string, body?: unknown) => Promise<void>} step */
function rejecting(step) {
  const words = wordsField("reject-answer", t("appealAnswerWhy"));
  const send = () => step("reject", t("appealRejected"), { answer: words.input.value.trim() });
  return h("section", { class: "panel stack", "aria-labelledby": "appeal-reject" }, h("h2", { class: "section-title", id: "appeal-reject" }, t("appealReject")), form(t("appealReject"), [words.node], send));
}
