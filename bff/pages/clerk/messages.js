// What the clerks' page says.

import { translator } from "../shared/i18n.js";

export const t = translator({
  app: ["证照核验", "Certificate check"],

  // signing in
  signInTitle: ["核验人员登录", "Clerk sign-in"],
  signInLead: ["登录后可扫码核验居民出示的电子证照。", "Sign in to scan and check the certificates residents show."],
  organisation: ["单位编号", "Organisation id"],
  clerkNumber: ["工号", "Clerk number"],
  passphrase: ["口令", "Passphrase"],
  signIn: ["登录", "Sign in"],
  signInSso: ["单位统一登录", "Sign in at your organisation"],
  signInSsoHint: ["填写单位编号即可，无需工号和口令。", "Only the organisation id is needed, no number and no passphrase."],
  signInBusy: ["正在登录…", "Signing in…"],
  shiftOver: ["班次已结束，请重新登录。", "The shift is over. Please sign in again."],

  // the frame
  navLabel: ["主要页面", "Main pages"],
  navScan: ["扫码", "Scan"],
  navEnter: ["手动输入", "Enter"],
  navHistory: ["本班记录", "History"],
  navShift: ["班次", "Shift"],
  online: ["联网核验", "Online"],
  offline: ["离线核验", "Offline"],
  newRelease: ["页面有新版本", "A new version is ready"],
  reload: ["更新", "Update"],

  // scanning
  scanTitle: ["扫码核验", "Scan a code"],
  scanLead: ["请持证人打开「随身办」亮证，将二维码放入框内。", "Ask the holder to show the code in Suishen and hold it in the frame."],
  startCamera: ["开始扫码", "Start scanning"],
  stopCamera: ["暂停", "Pause"],
  torchOn: ["开灯", "Light on"],
  torchOff: ["关灯", "Light off"],
  cameraLabel: ["摄像头画面", "Camera picture"],
  starting: ["正在打开摄像头…", "Opening the camera…"],
  aiming: ["对准二维码", "Aim at the code"],
  notOurs: ["这不是证照二维码，没有发送", "Not a certificate code; nothing was sent"],
  cameraRefused: ["没有摄像头权限", "The camera is not allowed"],
  cameraRefusedLead: ["请在浏览器设置中允许本页使用摄像头，或改用手动输入。", "Allow the camera for this page in the browser's settings, or enter the code by hand."],
  cameraMissing: ["没有找到摄像头", "No camera found"],
  cameraMissingLead: ["请接上摄像头，或改用手动输入、扫码枪。", "Connect a camera, or use a hand-held scanner or the keyboard."],
  cameraInsecure: ["本页不是安全连接", "This page is not on a secure connection"],
  cameraInsecureLead: ["浏览器只在 https 页面开放摄像头。", "Browsers open the camera only to https pages."],
  cameraBroken: ["扫码组件没有启动", "The reader did not start"],
  cameraBrokenLead: ["请重试，或改用手动输入。", "Try again, or enter the code by hand."],
  checking: ["正在核验…", "Checking…"],
  checkingAgain: ["网络不稳，正在第 {attempt} 次尝试…", "Unsteady network, try {attempt}…"],

  // entering
  enterTitle: ["手动输入", "Enter a code"],
  enterLead: ["摄像头不可用时使用；扫码枪也可直接扫入。", "For when the camera is no use. A hand-held scanner types here too."],
  code: ["证照码", "Code"],
  check: ["核验", "Check"],

  // the verdict
  next: ["扫下一个", "Next"],
  nextEntry: ["继续输入", "Next"],
  keep: ["保留结果", "Keep on screen"],
  clearsIn: ["{seconds} 秒后自动清除", "Clears in {seconds} s"],
  kept: ["结果已保留，请及时清除", "Kept on screen: clear it soon"],
  certificate: ["证照", "Certificate"],
  issuer: ["发证机关", "Issued by"],
  scene: ["场景", "Occasion"],
  shownBy: ["代为出示：{name}（{kind}）", "Shown by {name} ({kind})"],
  shownByLead: ["出示人不是持证人本人。", "Whoever shows it is not the holder."],
  kindGuardian: ["监护人", "guardian"],
  kindFamily: ["亲友", "family"],
  kindEnterprise: ["单位经办人", "agent of an organisation"],
  kindClerk: ["窗口帮办", "clerk at a counter"],
  checkedAt: ["核验时间", "Checked at"],
  noNetworkTitle: ["没有网络，无法核验", "No network: cannot check"],
  noNetworkLead: ["本机还没有离线核验所需的数据。请恢复网络后重试，或查验实体证件。", "This device holds no data for offline checks yet. Restore the network and retry, or check the physical card."],

  // history
  historyTitle: ["本班记录", "This shift"],
  historyLead: ["最近 12 小时的核验，不含持证人信息。", "Checks of the last 12 hours. Nothing about the people is kept here."],
  noHistory: ["本班还没有核验", "No checks yet"],
  onThisDevice: ["本机离线核验", "Offline, on this device"],
  more: ["加载更多", "Load more"],

  // shift
  shiftTitle: ["我的班次", "My shift"],
  organisationName: ["单位", "Organisation"],
  shiftEnds: ["班次至", "Shift ends"],
  scenes: ["可核验场景", "Occasions I may check"],
  offlineReady: ["离线核验", "Offline checks"],
  offlineReadyYes: ["已就绪，信任列表更新于 {when}", "Ready; trust list of {when}"],
  offlineReadyNo: ["未就绪，请保持联网片刻", "Not ready yet: stay online for a moment"],
  signOut: ["下班退出", "Sign out"],
});
