// Appeals (赋码申诉): the reason is read before anything is filed, and the progress is seen until the end.

import { colourTag } from "../../shared/colours.js";
import { h } from "../../shared/dom.js";
import { dayAndTime } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { say } from "../../shared/live.js";
import { attempting, fill, isAbort, notice, pill, report, trouble } from "../../shared/parts.js";
import { sure } from "../dialog.js";
import { button, form, Once } from "../forms.js";
import { t } from "../messages.js";
import { greyPanel, reasonPanel } from "../why.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").AppealInfo} Appeal */
/** @typedef {import("../../shared/wire.js").HealthCode} HealthCode */
/** @template T @typedef {import("../../shared/wire.js").Page<T>} Page */

const PATH = "/mp/v1/health-code/appeals";
const TYPES = ["image/jpeg", "image/png", "application/pdf"];
const MOST = 4;
const LARGEST = 1024 * 1024;
const UPLOAD = 60_000; // milliseconds: a megabyte from a cellar
const OPEN = ["FILED", "IN_REVIEW", "PROPOSED"];

/** @type {Record<string, readonly [tone: import("../../shared/parts.js").Tone, icon: import("../../shared/icons.js").IconName, words: Parameters<typeof t>[0]]>} */
const STATES = {
  FILED: ["quiet", "clock", "appealFiled"],
  IN_REVIEW: ["caution", "eye", "appealInReview"],
  PROPOSED: ["caution", "people", "appealProposed"],
  UPHELD: ["good", "check", "appealUpheld"],
  REJECTED: ["bad", "cross", "appealRejected"],
  WITHDRAWN: ["quiet", "back", "appealWithdrawn"],
};

/** @param {Appeal["state"]} state */
function statePill(state) {
  const [tone, symbol, words] = STATES[state] ?? /** @type {const} */ (["quiet", "info", "appealFiled"]);
  return pill(tone, symbol, t(words));
}

/**
 * @param {Context} context
 * @returns {View}
 */
export function appealsView({ session, signal }) {
  const box = h("div", { class: "stack" });
  void fill(
    box,
    signal,
    async () => /** @type {Page<Appeal>} */ ((await session.call("GET", `${PATH}?limit=50`, { signal })).data),
    ({ items }) =>
      items.length
        ? [
            h(
              "nav",
              { class: "panel menu", "aria-label": t("appealsTitle") },
              ...items.map((appeal) =>
                h(
                  "a",
                  { class: "menu__entry", href: `#/health/appeals/${appeal.id}` },
                  h("span", { class: "menu__text" }, h("span", { class: "menu__title" }, t("appealOf", { when: dayAndTime(appeal.filedAt) })), h("span", { class: "appeal__states" }, colourTag(appeal.colour), statePill(appeal.state))),
                  icon("arrow"),
                ),
              ),
            ),
          ]
        : [h("div", { class: "empty panel" }, icon("text"), h("p", {}, t("appealsNone")), h("p", { class: "quiet" }, t("appealsNoneLead")))],
  );
  const node = h("div", { class: "stack" }, h("div", {}, h("h1", { class: "page-title" }, t("appealsTitle")), h("p", { class: "quiet" }, t("appealsLong"))), box);
  return { title: t("appealsTitle"), node, back: "#/health" };
}

/**
 * File one against a piece of evidence or, where the colour rests on none, against a rule or a grey code.
 *
 * @param {Context} context
 * @param {string} what
 * @returns {View}
 */
export function appealView({ session, signal, go }, what) {
  const box = h("div", { class: "stack" });
  void fill(
    box,
    signal,
    async () => /** @type {HealthCode} */ ((await session.call("GET", "/mp/v1/health-code", { signal })).data),
    (code) => {
      if (what === "GREY" && code.colour === "GREY") return [greyPanel(code), filing({ rule: what })];
      const reason = code.reasons.find((each) => (each.evidence ?? each.rule) === what);
      if (!reason) return [notice("caution", "info", t("appealReasonGone"))];
      return [reasonPanel(reason), filing(reason.evidence ? { evidence: what } : { rule: what })];
    },
    2,
  );
  /** @param {{ evidence: string } | { rule: string }} against */
  const filing = (against) => {
    const once = new Once();
    const problem = h("div", {});
    const words = h("textarea", { id: "statement", name: "statement", required: true, maxlength: 2000, rows: 5 });
    const files = fileField();
    const send = async () => {
      problem.replaceChildren();
      try {
        const wrong = files.wrong();
        if (wrong) return problem.replaceChildren(alerting(wrong));
        const body = { ...against, statement: words.value.trim() };
        const { data } = await session.call("POST", PATH, { body, headers: once.headers(body), signal });
        const id = /** @type {Appeal} */ (data).id;
        // Filed already: what does not arrive now can be added to it there.
        for (const file of files.chosen()) await attach(file, id);
        once.done();
        say(t("appealDone"));
        go(`#/health/appeals/${id}`);
      } catch (error) {
        if (signal.aborted || isAbort(error)) return;
        report(error);
        problem.replaceChildren(trouble(error));
        problem.scrollIntoView({ block: "nearest" });
      }
    };
    return h(
      "section",
      { class: "panel stack", "aria-labelledby": "appeal-file" },
      h("h2", { class: "section-title", id: "appeal-file" }, t("appealWhat")),
      problem,
      form(t("appealFile"), [h("div", { class: "field" }, h("label", { for: "statement" }, t("appealStatement")), words), files.node], send),
      h("p", { class: "quiet" }, t("appealHow")),
    );
  };
  /** @param {File} file @param {string} id */
  const attach = (file, id) => upload(session, signal, file, id);
  const node = h("div", { class: "stack" }, h("h1", { class: "page-title" }, t("appealTitle")), box);
  return { title: t("appealTitle"), node, back: "#/health" };
}

/**
 * How far one has come.
 *
 * @param {Context} context
 * @param {string} id
 * @returns {View}
 */
export function appealProgressView({ session, signal }, id) {
  const problem = h("div", { class: "stack" });
  const box = h("div", { class: "stack" });
  const attempt = attempting(problem, signal, () => load());
  const withdraw = () =>
    attempt(async () => {
      if (!(await sure({ title: t("appealWithdrawAsk"), lead: t("appealWithdrawLead"), yes: t("appealWithdraw"), danger: true }, signal))) return null;
      await session.call("POST", `${PATH}/${id}/withdraw`, { signal });
      return t("appealWithdrawn");
    });
  /** @param {ReturnType<typeof fileField>} files */
  const more = (files) =>
    attempt(async () => {
      const wrong = files.wrong();
      if (wrong) {
        problem.replaceChildren(alerting(wrong));
        return null;
      }
      for (const file of files.chosen()) await upload(session, signal, file, id);
      return t("appealAttached");
    });
  const load = () =>
    fill(
      box,
      signal,
      async () => /** @type {Appeal} */ ((await session.call("GET", `${PATH}/${encodeURIComponent(id)}`, { signal })).data),
      (appeal) => {
        const parts = [progress(appeal), told(appeal)];
        if (!OPEN.includes(appeal.state)) return parts;
        if (appeal.attachments.length < MOST) {
          const files = fileField();
          parts.push(h("section", { class: "panel" }, form(t("appealAttach"), [files.node], () => more(files))));
        }
        return [...parts, button(t("appealWithdraw"), () => void withdraw(), { icon: icon("back") })];
      },
      2,
    );
  void load();
  const node = h("div", { class: "stack" }, h("h1", { class: "page-title" }, t("appealTitle")), problem, box);
  return { title: t("appealTitle"), node, back: "#/health/appeals" };
}

/** @param {Appeal} appeal */
function progress(appeal) {
  const done = !OPEN.includes(appeal.state);
  const steps = ["FILED", "IN_REVIEW", "PROPOSED", ...(done ? [appeal.state] : [])];
  const at = steps.indexOf(appeal.state);
  return h(
    "section",
    { class: "panel stack", "aria-labelledby": "appeal-state" },
    h("div", { class: "member__head" }, h("h2", { class: "section-title", id: "appeal-state" }, t("appealProgress")), statePill(appeal.state)),
    done
      ? null
      : h(
          "ol",
          { class: "steps" },
          ...steps.map((step, index) =>
            h("li", { "aria-current": index === at ? "step" : false, "data-done": index <= at ? "" : false }, icon(index < at ? "check" : index === at ? "clock" : "info"), t(STATES[step]?.[2] ?? "appealFiled")),
          ),
        ),
    appeal.answer ? notice(appeal.state === "UPHELD" ? "good" : "quiet", "info", t("appealAnswer"), h("p", {}, appeal.answer)) : null,
    appeal.overdue && !done ? notice("caution", "warning", t("appealOverdue")) : null,
    h(
      "dl",
      { class: "facts" },
      fact(t("appealFiledAt"), dayAndTime(appeal.filedAt)),
      fact(t("appealSince"), dayAndTime(appeal.since)),
      done ? null : fact(t("appealDeadline"), dayAndTime(appeal.deadline)),
    ),
  );
}

/** What was said. @param {Appeal} appeal */
function told(appeal) {
  return h(
    "section",
    { class: "panel stack", "aria-labelledby": "appeal-said" },
    h("div", { class: "member__head" }, h("h2", { class: "section-title", id: "appeal-said" }, t("appealStatement")), colourTag(appeal.colour)),
    h("p", {}, appeal.statement),
    appeal.attachments.length
      ? h("ul", { class: "points" }, ...appeal.attachments.map((file) => h("li", {}, t("appealAttachment", { type: file.mediaType.split("/")[1]?.toUpperCase() ?? "", size: Math.ceil(file.size / 1024), when: dayAndTime(file.at) }))))
      : h("p", { class: "quiet" }, t("appealNoFiles")),
  );
}

function fileField() {
  const input = h("input", { id: "files", name: "files", type: "file", accept: TYPES.join(","), multiple: true });
  const chosen = () => [...(input.files ?? [])];
  return {
    node: h("div", { class: "field" }, h("label", { for: "files" }, t("appealFiles")), input, h("p", { class: "quiet" }, t("appealFilesHint"))),
    chosen,
    /** What the server would refuse is said before it has crossed the network. */
    wrong: () => (chosen().length > MOST || chosen().some(({ size, type }) => size > LARGEST || !TYPES.includes(type)) ? t("appealFilesWrong") : null),
  };
}

/** @param {Context["session"]} session @param {AbortSignal} signal @param {File} file @param {string} id */
async function upload(session, signal, file, id) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const content = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  await session.call("POST", `${PATH}/${id}/attachments`, { body: { mediaType: file.type, content }, timeout: UPLOAD, signal });
}

/** @param {string} words */
function alerting(words) {
  const box = notice("bad", "warning", words);
  box.setAttribute("role", "alert");
  return box;
}

/** @param {string} name @param {string} value */
function fact(name, value) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}
