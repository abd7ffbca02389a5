// Sentences both pages use.

import { translator } from "./i18n.js";

export const shared = translator({
  skip: ["跳到主要内容", "Skip to the main part"],
  elder: ["长辈版", "Large text"],
  elderLong: ["切换到长辈版（大字大按钮）", "Switch to the elder edition (large text and buttons)"],
  standard: ["标准版", "Standard"],
  standardLong: ["切换到标准版", "Switch to the standard edition"],
  otherLanguage: ["EN", "中文"],
  otherLanguageLong: ["Switch to English", "切换到中文"],
  loading: ["正在加载…", "Loading…"],
  more: ["加载更多", "Load more"],
  retry: ["重试", "Try again"],
  noNetworkTitle: ["网络不可用", "No network"],
  noNetworkDetail: ["连不上服务器。请检查网络后重试。", "The server cannot be reached. Check your network and try again."],
  offlineStrip: ["当前没有网络", "You are offline"],
  brokenTitle: ["出了点问题", "Something went wrong"],
  brokenDetail: ["页面没能完成这一步，请重试。", "The page could not finish this step. Try again."],
  serverTitle: ["服务暂时不可用", "The service is not available"],
  serverDetail: ["服务器答复异常（{status}），请稍后重试。", "The server answered unexpectedly ({status}). Try again later."],
  trace: ["问题编号 {id}", "Trace {id}"],
  code: ["动态口令（6 位数字）", "One-time code (6 digits)"],
  codeHint: ["手机动态口令应用或令牌上的数字；尚未绑定可留空。", "As your authenticator app or token shows it; leave it empty if you have none yet."],
  codeSetUp: ["绑定动态口令", "Set up one-time codes"],
  codeScan: ["请用手机上的动态口令应用扫描下面的二维码。", "Scan this with the authenticator app on your phone."],
  codeQr: ["绑定动态口令的二维码", "QR code to set up one-time codes"],
  codeType: ["无法扫码时手工输入：", "If it cannot be scanned, type:"],
  codeHere: ["在本机的动态口令应用中打开", "Open in an authenticator on this device"],
  codeThen: ["然后填写应用显示的 6 位数字并登录。以后每次登录都要用。", "Then enter the six digits it shows and sign in. From then on each sign-in needs them."],
  fieldAt: ["{key}：{message}", "{key}: {message}"],
});
