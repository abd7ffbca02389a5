// What the codes of the API are called. One that is newer than this page is shown as it is.

import { t } from "./messages.js";

/** @typedef {Parameters<typeof t>[0]} Key */
/** @typedef {import("../shared/wire.js").ActingKind} ActingKind */
/** @typedef {import("../shared/wire.js").ShownBy} ShownBy */

/** @param {Record<string, Key>} table @returns {(code: string) => string} */
function words(table) {
  return (code) => (table[code] ? t(table[code]) : code);
}

export const providerName = words({ wechat: "providerWechat", alipay: "providerAlipay", "citizen-cloud": "providerOidc" });

export const levelName = words({ L0: "levelL0", L1: "levelL1", L2: "levelL2", L3: "levelL3", L3C: "levelL3C" });

export const methodName = words({
  sms: "methodSms",
  provider: "methodProvider",
  "two-elements": "methodTwoElements",
  face: "methodFace",
  certificate: "methodCertificate",
  registered: "methodRegistered",
});

export const sourceName = words({
  sms: "sourceSms",
  population: "sourcePopulation",
  operator: "sourceOperator",
  wechat: "providerWechat",
  alipay: "providerAlipay",
});

export const platformName = words({
  iphone: "platformIphone",
  ipad: "platformIpad",
  android: "platformAndroid",
  harmony: "platformHarmony",
  windows: "platformWindows",
  mac: "platformMac",
  linux: "platformLinux",
});

export const noticeName = words({
  linked: "noticeLinked",
  unlinked: "noticeUnlinked",
  merge_waiting: "noticeMergeWaiting",
  merged: "noticeMerged",
  merge_undone: "noticeMergeUndone",
  merge_refused: "noticeMergeRefused",
  phone_bound: "noticePhoneBound",
  real_name: "noticeRealName",
  sign_in_copied: "noticeSignInCopied",
  deletion_requested: "noticeDeletionRequested",
  deletion_cancelled: "noticeDeletionCancelled",
  guardian_joined: "noticeGuardianJoined",
  guardian_acted: "noticeGuardianActed",
  guardian_ended: "noticeGuardianEnded",
  acting_begun: "noticeActingBegun",
  acting_left: "noticeActingLeft",
  health_code_changed: "noticeHealthCode",
  health_evidence_by_hand: "noticeByHand",
  health_evidence_withdrawn: "noticeByHandWithdrawn",
  health_appeal_moved: "noticeAppeal",
});

export const mergeName = words({
  waiting: "mergeWaiting",
  merging: "mergeMerging",
  merged: "mergeMerged",
  undoing: "mergeUndoing",
  undone: "mergeUndone",
  refused: "mergeRefused",
});

export const kindName = words({ guardian: "kindGuardian", family: "kindFamily", enterprise: "kindEnterprise", clerk: "kindClerk" });

const scopeName = words({ "wallet:read": "scopeRead", "wallet:show": "scopeShow", "health:show": "scopeHealth" });

/** What kind of evidence made a rule hold. */
export const evidenceName = words({
  SAMPLED: "evidenceSampled",
  RESULT: "evidenceResult",
  VACCINATED: "evidenceVaccinated",
  EXPOSED: "evidenceExposed",
  AREA_STAY: "evidenceAreaStay",
  ENTERED: "evidenceEntered",
  ISOLATION_START: "evidenceIsolationStart",
  ISOLATION_RELEASED: "evidenceIsolationReleased",
  DECLARED: "evidenceDeclared",
  FOREIGN_CERT: "evidenceForeign",
  MANUAL: "evidenceManual",
});

/** What another place gave out. */
export const certificateName = words({
  HEALTH_CODE: "certificateCode",
  TEST: "certificateTest",
  VACCINATION: "certificateVaccination",
  RECOVERY: "certificateRecovery",
  PASS: "certificatePass",
});

export const outcomeName = words({ NEGATIVE: "outcomeNegative", POSITIVE: "outcomePositive", INVALID: "outcomeInvalid" });

/** @param {string[]} scopes */
export function scopeNames(scopes) {
  return scopes.map(scopeName).join(t("comma"));
}

/** @param {ShownBy} by */
export function shownByWords(by) {
  return t("shownByWho", { name: by.name, kind: kindName(by.kind) });
}
