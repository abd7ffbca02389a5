// From a text to the verdict on the screen: the same for the camera and for the keyboard.

import { h } from "../shared/dom.js";
import { NoReply } from "../shared/http.js";
import { icon } from "../shared/icons.js";
import { isAbort, notice, report, trouble } from "../shared/parts.js";
import { checkHealth, looksHealth } from "./health.js";
import { healthPanel } from "./health-verdict.js";
import { t } from "./messages.js";
import { verdictPanel } from "./verdict.js";
import { verify } from "./verify.js";

/** @typedef {import("./app.js").Context} Context */

/**
 * Check `code` and show the answer in `box`.
 *
 * @param {Context} context
 * @param {string} code
 * @param {HTMLElement} box
 * @param {string} next What the button that goes on says.
 * @param {() => void} done Called when the answer is put away.
 */
export async function judge(context, code, box, next, done) {
  const life = new AbortController();
  context.signal.addEventListener("abort", () => life.abort(), { signal: life.signal });
  const clear = () => {
    if (life.signal.aborted) return;
    life.abort();
    box.replaceChildren();
    done();
  };
  const busy = h("p", { class: "busy", role: "status" }, icon("refresh"), h("span", {}, t("checking")));
  box.replaceChildren(busy);
  try {
    const answer = looksHealth(code) ? health : certificate;
    const panel = await answer(context, code, (attempt) => busy.lastElementChild?.replaceChildren(t("checkingAgain", { attempt })), { next, clear, signal: life.signal });
    if (context.signal.aborted) return;
    box.replaceChildren(panel);
    window.scrollTo(0, 0);
  } catch (error) {
    if (context.signal.aborted || isAbort(error)) return;
    report(error);
    const again = () => void judge(context, code, box, next, done);
    const problem = error instanceof NoReply ? noNetwork(again) : trouble(error, again);
    box.replaceChildren(problem, h("button", { type: "button", class: "button button--plain button--wide", onclick: clear }, next));
  }
}

/** @typedef {{ next: string, clear: () => void, signal: AbortSignal }} Around What a verdict is put into. */

/** @param {Context} context @param {string} code @param {(attempt: number) => void} waiting @param {Around} around */
async function certificate({ session, seen, signal, offlineChecks }, code, waiting, around) {
  const { verification, offline } = await verify(code, { session, seen, signal, waiting });
  if (offline && !signal.aborted) {
    const { checkedAt: at, verdict, typeName } = verification;
    offlineChecks.unshift({ at, verdict, typeName });
  }
  return verdictPanel(verification, { shift: session.kept, ...around });
}

/** @param {Context} context @param {string} code @param {(attempt: number) => void} waiting @param {Around} around */
async function health(context, code, waiting, around) {
  const { check, offline } = await checkHealth(context, code, waiting);
  if (!context.signal.aborted) context.healthChecks.unshift({ at: check.checkedAt, verdict: check.verdict, offline });
  return healthPanel(check, offline, around);
}

/** @param {() => void} again */
function noNetwork(again) {
  const box = notice(
    "caution",
    "offline",
    t("noNetworkTitle"),
    h("p", {}, t("noNetworkLead")),
    h("button", { type: "button", class: "button button--plain", onclick: again }, icon("refresh"), t("check")),
  );
  box.setAttribute("role", "alert");
  return box;
}
