// Pieces of a screen both pages use.

import { h } from "./dom.js";
import { NoReply, Refused } from "./http.js";
import { icon } from "./icons.js";
import { say } from "./live.js";
import { shared } from "./messages.js";
import { prefs } from "./prefs.js";

/** @typedef {import("./icons.js").IconName} IconName */
/** @typedef {"good" | "caution" | "bad" | "quiet"} Tone */

/**
 * A small label whose icon and words say what its colour repeats.
 *
 * @param {Tone} tone @param {IconName} name @param {string} text
 */
export function pill(tone, name, text) {
  return h("span", { class: "pill", "data-tone": tone }, icon(name), text);
}

/**
 * A block of text with an icon.
 *
 * @param {Tone} tone @param {IconName} name @param {string} title
 * @param {...(import("./dom.js").Child)} rest
 */
export function notice(tone, name, title, ...rest) {
  return h(
    "div",
    { class: "notice", "data-tone": tone },
    icon(name),
    h("p", { class: "notice__title" }, title),
    ...rest,
  );
}

/**
 * What went wrong, in words, with a way on.
 *
 * @param {unknown} error @param {(() => void) | null} [retry]
 */
export function trouble(error, retry = null) {
  const { tone, name, title, detail, trace, more } = explained(error);
  const box = notice(
    tone,
    name,
    title,
    detail ? h("p", {}, detail) : null,
    ...more.map((line) => h("p", {}, line)),
    trace ? h("p", { class: "notice__trace" }, shared("trace", { id: trace })) : null,
    retry ? h("button", { type: "button", class: "button button--plain", onclick: retry }, icon("refresh"), shared("retry")) : null,
  );
  box.setAttribute("role", "alert");
  return box;
}

/**
 * @param {unknown} error
 * @returns {{ tone: Tone, name: IconName, title: string, detail: string, trace: string, more: string[] }}
 */
function explained(error) {
  if (error instanceof NoReply) {
    return { tone: "caution", name: "offline", title: shared("noNetworkTitle"), detail: shared("noNetworkDetail"), trace: "", more: [] };
  }
  if (error instanceof Refused) {
    const { status, title, titleEn, detail, detailEn, traceId, errors = [] } = error.problem;
    const chinese = prefs.language === "zh";
    return {
      tone: status >= 500 ? "caution" : "bad",
      name: "warning",
      title: (chinese ? title : titleEn) || shared("serverTitle"),
      detail: (chinese ? detail : detailEn) || (title ? "" : shared("serverDetail", { status })),
      trace: traceId,
      more: errors.map(({ key, message }) => shared("fieldAt", { key, message })),
    };
  }
  return { tone: "bad", name: "warning", title: shared("brokenTitle"), detail: shared("brokenDetail"), trace: "", more: [] };
}

/** Grey shapes where content will be. */
export function waiting(shapes = 3) {
  return h(
    "div",
    { class: "waiting" },
    h("p", { class: "visually-hidden" }, shared("loading")),
    ...Array.from({ length: shapes }, () => h("span", { "aria-hidden": "true" })),
  );
}

/** By box: the filling begun last. @type {WeakMap<HTMLElement, object>} */
const fillings = new WeakMap();

/**
 * Fill `box` with what `load` brings, or with what went wrong and a button to try again. Of two fillings of one box
 * the one begun last is shown, whichever is answered last.
 *
 * @template Data
 * @param {HTMLElement} box
 * @param {AbortSignal} signal
 * @param {() => Promise<Data>} load
 * @param {(data: Data) => Node[]} render
 * @param {number} [shapes]
 */
export async function fill(box, signal, load, render, shapes = 3) {
  const mine = {};
  const current = () => fillings.get(box) === mine && !signal.aborted;
  fillings.set(box, mine);
  box.setAttribute("aria-busy", "true");
  box.replaceChildren(waiting(shapes));
  try {
    const data = await load();
    if (current()) box.replaceChildren(...render(data));
  } catch (error) {
    if (!current() || isAbort(error)) return;
    report(error);
    box.replaceChildren(trouble(error, () => void fill(box, signal, load, render, shapes)));
  } finally {
    if (current()) box.removeAttribute("aria-busy");
  }
}

/**
 * What a person does on a page: `deed` says in words what was done, or null where it was not after all. Then
 * `load` shows the page as it is now; what goes wrong stands in `problem`.
 *
 * @param {HTMLElement} problem
 * @param {AbortSignal} signal
 * @param {() => Promise<void>} load
 */
export function attempting(problem, signal, load) {
  /** @param {() => Promise<string | null>} deed */
  return async (deed) => {
    problem.replaceChildren();
    try {
      const words = await deed();
      if (words === null) return;
      say(words);
      problem.replaceChildren(notice("good", "check", words));
      await load();
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      report(error);
      problem.replaceChildren(trouble(error));
      problem.scrollIntoView({ block: "nearest" });
    }
  };
}

/** @param {unknown} error */
export function isAbort(error) {
  return error instanceof DOMException && error.name === "AbortError";
}

/**
 * Put a mistake of ours where a developer will see it; refusals and lost networks are no mistakes.
 *
 * @param {unknown} error
 */
export function report(error) {
  if (!(error instanceof Refused) && !(error instanceof NoReply)) console.error(error);
}

/** The two switches every page offers at its top: edition and language. */
export function switches() {
  const elder = prefs.mode === "elder";
  return h(
    "div",
    { class: "switches" },
    h(
      "button",
      { type: "button", class: "switch", "data-switch": "mode", title: shared(elder ? "standardLong" : "elderLong"), onclick: () => prefs.toggleMode() },
      icon("text"),
      shared(elder ? "standard" : "elder"),
    ),
    h(
      "button",
      {
        type: "button",
        class: "switch",
        "data-switch": "language",
        lang: prefs.language === "zh" ? "en" : "zh-CN",
        title: shared("otherLanguageLong"),
        onclick: () => prefs.toggleLanguage(),
      },
      shared("otherLanguage"),
    ),
  );
}

/**
 * Back to the switch that was used: it was replaced under the finger.
 *
 * @param {import("./prefs.js").Preference} what
 */
export function focusSwitch(what) {
  const button = document.querySelector(`[data-switch="${what}"]`);
  if (button instanceof HTMLElement) button.focus({ preventScroll: true });
}

/**
 * The link that lets a keyboard jump over the frame. A button, since the address' fragment is our route.
 *
 * @param {() => HTMLElement | null} main
 */
export function skipLink(main) {
  return h("button", { type: "button", class: "skip button", onclick: () => main()?.focus() }, shared("skip"));
}

/** A line across the top while the browser knows of no network. */
export function offlineStrip() {
  const strip = h("p", { class: "strip", role: "status", hidden: navigator.onLine }, icon("offline"), shared("offlineStrip"));
  return strip;
}
