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
  fieldAt: ["{key}：{message}", "{key}: {message}"],
});
