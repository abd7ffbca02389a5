// Topics and channels of notices, in words.

import { t } from "./messages.js";

const TOPICS = /** @type {const} */ ({
  vaccination: "topicVaccination",
  enrolment: "topicEnrolment",
  expiry: "topicExpiry",
  insurance: "topicInsurance",
  pension: "topicPension",
  policy: "topicPolicy",
  health: "topicHealth",
  account: "topicAccount",
});

const CHANNELS = /** @type {const} */ ({
  wechat: "channelWechat",
  alipay: "channelAlipay",
  apns: "channelApns",
  fcm: "channelFcm",
  jpush: "channelJpush",
  webpush: "channelWebpush",
  sms: "channelSms",
});

/** @typedef {keyof typeof TOPICS} Topic */

export const ALL = /** @type {Topic[]} */ (Object.keys(TOPICS));

/** @param {Topic} topic */
export function topicName(topic) {
  return t(TOPICS[topic]);
}

/** @param {string} channel A channel this page does not know yet is called what the server calls it. */
export function channelName(channel) {
  const key = /** @type {Record<string, typeof CHANNELS[keyof typeof CHANNELS] | undefined>} */ (CHANNELS)[channel];
  return key ? t(key) : channel;
}
