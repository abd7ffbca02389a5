// Every verdict has words, an icon and a tone; the tone alone never says anything.

import { translator } from "./i18n.js";

/** @typedef {import("./wire.js").Verdict} Verdict */
/** @typedef {import("./parts.js").Tone} Tone */
/** @typedef {import("./icons.js").IconName} IconName */

const words = translator({
  OK_ONLINE: ["有效", "Valid"],
  OK_OFFLINE: ["签名有效，请核对身份证件", "Signature good: check the ID card"],
  STALE_STATUS: ["信息较旧，请核对身份证件", "Old data: check the ID card"],
  EXPIRED: ["二维码已过期", "Code expired"],
  CLOCK_SKEW: ["时间不一致", "Clocks disagree"],
  CREDENTIAL_EXPIRED: ["证照已过期", "Certificate expired"],
  NOT_YET_VALID: ["证照未生效", "Certificate not yet valid"],
  REVOKED: ["证照已吊销", "Certificate revoked"],
  SUSPENDED: ["证照已暂停使用", "Certificate suspended"],
  ALREADY_USED: ["此码已使用过", "Already used"],
  SCENE_DENIED: ["不适用于本场景", "Not for this occasion"],
  TAMPERED: ["二维码被改动", "Code was altered"],
  KEY_UNKNOWN: ["签发密钥未知", "Unknown signing key"],
  UNKNOWN_CODE: ["查无此码", "Unknown code"],
  UNREADABLE: ["无法识别的二维码", "Not a certificate code"],
  ONLINE_ONLY: ["须联网核验", "Online check only"],
});

/** @type {Record<Verdict, readonly [Tone, IconName]>} */
const LOOKS = {
  OK_ONLINE: ["good", "check"],
  OK_OFFLINE: ["caution", "warning"],
  STALE_STATUS: ["caution", "warning"],
  EXPIRED: ["bad", "clock"],
  CLOCK_SKEW: ["caution", "clock"],
  CREDENTIAL_EXPIRED: ["bad", "clock"],
  NOT_YET_VALID: ["bad", "clock"],
  REVOKED: ["bad", "ban"],
  SUSPENDED: ["bad", "pause"],
  ALREADY_USED: ["bad", "refresh"],
  SCENE_DENIED: ["bad", "ban"],
  TAMPERED: ["bad", "cross"],
  KEY_UNKNOWN: ["bad", "cross"],
  UNKNOWN_CODE: ["bad", "cross"],
  UNREADABLE: ["bad", "cross"],
  ONLINE_ONLY: ["caution", "offline"],
};

/**
 * @param {Verdict} verdict
 * @returns {{ tone: Tone, icon: IconName, words: string }}
 */
export function look(verdict) {
  // A verdict newer than this page is a no until we know better.
  const [tone, name] = LOOKS[verdict] ?? /** @type {const} */ (["bad", "warning"]);
  return { tone, icon: name, words: verdict in LOOKS ? words(verdict) : verdict };
}
