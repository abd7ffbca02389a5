// From a text to the verdict on the screen: the same for the camera and for the keyboard.

import { h } from "../shared/dom.js";
import { NoReply } from "../shared/http.js";
import { icon } from "../shared/icons.js";
import { isAbort, notice, report, trouble } from "../shared/parts.js";
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
    const { verification, offline } = await verify(code, {
      session: context.session,
      seen: context.seen,
      signal: context.signal,
      waiting: (attempt) => busy.lastElementChild?.replaceChildren(t("checkingAgain", { attempt })),
    });
    if (context.signal.aborted) return;
    if (offline) {
      const { checkedAt: at, verdict, typeName } = verification;
      context.offlineChecks.unshift({ at, verdict, typeName });
    }
    box.replaceChildren(verdictPanel(verification, { shift: context.session.kept, next, clear, signal: life.signal }));
    window.scrollTo(0, 0);
  } catch (error) {
    if (context.signal.aborted || isAbort(error)) return;
    report(error);
    const again = () => void judge(context, code, box, next, done);
    const problem = error instanceof NoReply ? noNetwork(again) : trouble(error, again);
    box.replaceChildren(problem, h("button", { type: "button", class: "button button--plain button--wide", onclick: clear }, next));
  }
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
