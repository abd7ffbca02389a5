// Binding a phone (绑定手机): a number, a code by text message, done.

import { deviceHeader } from "../../shared/device.js";
import { h } from "../../shared/dom.js";
import { say } from "../../shared/live.js";
import { isAbort, notice, report, trouble } from "../../shared/parts.js";
import { Once, backToAccount, button, digitsField, field, form } from "../forms.js";
import { t } from "../messages.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").PhoneCodeSent} PhoneCodeSent */

/**
 * @param {Context} context
 * @returns {View}
 */
export function phoneView({ session, stepUps, signal }) {
  const once = new Once();
  const problem = h("div", {});
  const box = h("div", { class: "stack" });
  const node = h("div", { class: "stack" }, h("h1", { class: "page-title" }, t("phoneBind")), problem, box);
  /** @param {unknown} error */
  const failed = (error) => {
    if (signal.aborted || isAbort(error)) return;
    report(error);
    problem.replaceChildren(trouble(error));
  };
  const phone = field("phone", t("phoneNumber"), { type: "tel", inputmode: "numeric", autocomplete: "tel-national", pattern: "1[3-9][0-9]{9}", maxlength: 11 });
  const send = async () => {
    problem.replaceChildren();
    const body = { phone: phone.input.value.trim() };
    try {
      const answer = await stepUps.call(
        { name: "phone", method: "POST", path: "/mp/v1/account/phone/codes", body, headers: { ...once.headers(body), ...deviceHeader() }, route: "#/account/phone" },
        signal,
      );
      if (!answer) return;
      once.done();
      enter(answer.data);
    } catch (error) {
      failed(error);
    }
  };
  /** @param {PhoneCodeSent} sent */
  const enter = (sent) => {
    const code = digitsField("code", t("smsCode"));
    const bind = async () => {
      problem.replaceChildren();
      try {
        const { data } = await session.call("POST", "/mp/v1/account/phone/sms", { body: { requestId: sent.requestId, code: code.input.value.trim() }, signal });
        await session.renew();
        done(data.phone);
      } catch (error) {
        failed(error);
        code.input.select();
      }
    };
    box.replaceChildren(
      h(
        "section",
        { class: "panel stack", "aria-label": t("phoneBind") },
        h("p", { role: "status" }, t("phoneSentTo", { phone: sent.phone })),
        form(t("phoneConfirm"), [code.node], bind),
        button(t("phoneAgain"), ask),
      ),
    );
    code.input.focus();
  };
  /** @param {string} bound */
  const done = (bound) => {
    const words = t("phoneDone", { phone: bound });
    say(words);
    box.replaceChildren(notice("good", "check", words), backToAccount());
  };
  const ask = () => {
    box.replaceChildren(h("section", { class: "panel stack", "aria-label": t("phoneNumber") }, h("p", { class: "quiet" }, t("phoneLead")), form(t("phoneSend"), [phone.node], send)));
  };
  const resumed = stepUps.outcome("phone");
  if (resumed?.answer) enter(resumed.answer.data);
  else ask();
  if (resumed?.error) failed(resumed.error);
  return { title: t("phoneBind"), node, tab: "me", back: "#/account" };
}
