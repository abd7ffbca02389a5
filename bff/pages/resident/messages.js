// What the residents' page says.

import { translator } from "../shared/i18n.js";
import { account } from "./messages-account.js";
import { acting } from "./messages-acting.js";
import { health } from "./messages-health.js";
import { reminders } from "./messages-reminders.js";

export const t = translator({
  ...account,
  ...acting,
  ...health,
  ...reminders,
  app: ["随身办", "Suishen"],

  // signing in
  signInTitle: ["登录后使用电子证照", "Sign in to use your certificates"],
  signInLead: ["身份证、驾驶证、社保卡……需要时出示，一次一码，谁看过您都知道。", "ID card, driving licence, social security card: show them when needed. Each code works once, and you see who looked."],
  promiseOnce: ["一次一码，90 秒自动失效", "One code, one use, gone in 90 seconds"],
  promiseLess: ["只出示该场景需要的信息", "Only what the occasion needs is shown"],
  promiseLog: ["每次用证都有记录", "Every use is on record"],
  signIn: ["微信登录", "Sign in with WeChat"],
  signInAlipay: ["支付宝登录", "Sign in with Alipay"],
  signInCitizenCloud: ["市民云登录", "Sign in with Citizen Cloud"],
  signInGoOn: ["继续登录", "Continue signing in"],
  signInArrived: ["微信已确认您的身份，请点击继续。", "WeChat has confirmed who you are. Tap to continue."],
  signInArrivedAlipay: ["支付宝已确认您的身份，请点击继续。", "Alipay has confirmed who you are. Tap to continue."],
  signInBusy: ["正在登录…", "Signing in…"],
  openInWechat: ["请在微信中打开", "Open this page in WeChat"],
  openInWechatLead: ["请在微信小程序「随身办」中使用，或在微信内打开本页。", "Use the WeChat mini-program “Suishen”, or open this page inside WeChat."],
  haveCode: ["我有登录码", "I have a sign-in code"],
  code: ["微信登录码", "WeChat sign-in code"],
  useCode: ["用登录码登录", "Sign in with the code"],
  sessionOver: ["登录已过期，请重新登录。", "Your session has ended. Please sign in again."],

  // the frame
  navCards: ["证照", "Cards"],
  navRecords: ["用证记录", "Records"],
  navMe: ["我的", "Me"],
  navLabel: ["主要页面", "Main pages"],
  back: ["返回", "Back"],

  // cards
  hello: ["{name}，您好", "Hello, {name}"],
  helloNobody: ["您好", "Hello"],
  level: ["实名 {level}", "Real-name {level}"],
  cardsTitle: ["我的证照", "My certificates"],
  noCards: ["还没有证照", "No certificates yet"],
  noCardsLead: ["发证机关签发后，会自动出现在这里。", "They appear here once an authority has issued them."],
  show: ["亮证", "Show"],
  untilDay: ["有效期至 {day}", "Valid until {day}"],
  untilForever: ["长期有效", "No expiry"],
  lastUse: ["最近用证", "Latest use"],
  allRecords: ["全部记录", "All records"],
  stale: ["以下内容可能不是最新", "This may not be up to date"],
  tryAgain: ["重试", "Try again"],
  notRealName: ["请先完成实名认证", "Confirm who you are first"],
  notRealNameLead: ["核对姓名与身份证件号码后，您的证照会自动出现在这里。", "Once your name and ID number have been checked, your certificates appear here."],
  blockGone: ["这部分暂时看不到，其他功能不受影响。", "This part cannot be shown at the moment. Everything else works."],

  statusValid: ["有效", "Valid"],
  statusNotYetValid: ["未生效", "Not yet valid"],
  statusExpired: ["已过期", "Expired"],
  statusSuspended: ["已暂停", "Suspended"],
  statusRevoked: ["已吊销", "Revoked"],

  // one card
  issuer: ["发证机关", "Issued by"],
  validFrom: ["有效期自", "Valid from"],
  validUntil: ["有效期至", "Valid until"],
  forever: ["长期", "No expiry"],
  detailsTitle: ["证面信息", "What it says"],
  sceneTitle: ["在哪里用？", "Where will you use it?"],
  sceneSees: ["对方只会看到：{claims}", "They will see only: {claims}"],
  sceneOnline: ["须联网核验", "Online check only"],
  notShowable: ["现在不能亮证", "It cannot be shown now"],
  comma: ["、", ", "],

  // showing
  showTitle: ["出示 {name}", "Showing {name}"],
  qrLabel: ["{name}的一次性二维码，请工作人员扫描", "One-time QR code of your {name}, for the clerk to scan"],
  holdUp: ["请调亮屏幕，对准扫码设备", "Screen bright, code to the scanner"],
  timerLabel: ["二维码剩余时间", "Time left on this code"],
  tenLeft: ["二维码还剩 10 秒", "10 seconds left on this code"],
  renewed: ["已自动更新二维码", "The code was renewed"],
  renew: ["更新二维码", "New code"],
  close: ["结束亮证", "Stop showing"],
  noScreenshot: ["截屏无效，请勿转发", "Screenshots do not work. Do not forward"],
  theySee: ["对方将看到", "They will see"],
  liveMark: ["实时", "Live"],
  endedTitle: ["二维码已失效", "This code has ended"],
  endedLead: ["为了安全，二维码会定时失效。需要时请重新生成。", "Codes end by themselves, for your safety. Make a new one when you need it."],
  showAgain: ["重新生成", "Make a new code"],
  usedTitle: ["已核验", "Checked"],
  usedRefused: ["核验未通过", "The check was refused"],
  usedBy: ["{organisation} 已核验您的{name}", "{organisation} has checked your {name}"],
  usedByRefused: ["{organisation} 核验了您的{name}，但未通过", "{organisation} checked your {name}; it was refused"],
  done: ["完成", "Done"],
  again: ["再次亮证", "Show again"],

  // records
  recordsTitle: ["用证记录", "Usage records"],
  recordsLead: ["谁在什么时候看过您的证照，看到了什么。", "Who looked at your certificates, when, and what they saw."],
  noRecords: ["还没有用证记录", "No uses yet"],
  noRecordsLead: ["亮证被核验后，会立即记录在这里。", "Each check of a code you show is recorded here at once."],
  clerk: ["工作人员", "Clerk"],
  clerkNumber: ["工号 {number}", "No. {number}"],
  scene: ["场景", "Occasion"],
  sawClaims: ["看到的信息", "What they saw"],
  sawNothing: ["没有看到任何信息", "Nothing"],
  at: ["时间", "Time"],
  organisation: ["核验单位", "Checked by"],

  // me
  meTitle: ["我的", "Me"],
  edition: ["显示版本", "Edition"],
  editionStandard: ["标准版", "Standard"],
  editionElder: ["长辈版：大字、大按钮", "Elder: large text, large buttons"],
  language: ["语言 Language", "Language 语言"],
  signOut: ["退出登录", "Sign out"],
  signedInAs: ["当前登录", "Signed in as"],
  realName: ["实名等级", "Real-name level"],
  levelL0: ["未实名", "Not real-name"],
  levelL1: ["已绑定手机号", "Phone bound"],
  levelL2: ["姓名与证件号已核对", "Name and ID number agree"],
  levelL3: ["人证已核对", "Person, name and ID number agree"],
  levelL3C: ["窗口或证书核验", "Confirmed at a counter or by certificate"],
});
