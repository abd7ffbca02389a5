// Made by `suishen schemas export`; changes belong in miniapp_schemas/*.py.
// Within /v1 fields, values and codes are only ever added: have a branch for what you do not know.

/** The caller's account, in one call. */
export interface Account {
  /** Real-name level held now. */
  assurance: AssuranceLevel;
  /** The same as 可信等级, two to five. */
  trustGrade: number | null;
  /** Masked name, once real-name. */
  displayName: string | null;
  /** Masked phone, once bound. */
  phone: string | null;
  /** What the level rests on. */
  proofs: ProofInfo[];
  /** Ways in, oldest first. */
  links: LinkInfo[];
  /** Merges, newest first. */
  merges: MergeInfo[];
  /** What happened lately, newest first. */
  notices: NoticeInfo[];
  /** Separate consents, oldest first. */
  consents: ConsentInfo[];
  /** A deletion under way. */
  deletion: DeletionInfo | null;
}

/** A copy of what is held of the caller (个人信息副本), in the clear. */
export interface AccountExport {
  /** The account's id. */
  account: string;
  /** Since when. */
  createdAt: string;
  /** Real-name level held now. */
  assurance: AssuranceLevel;
  /** As it was proved. */
  name: string | null;
  /** As it was proved. */
  idNumber: string | null;
  /** As it is bound. */
  phone: string | null;
  /** The one it replaced, which answers for three days more. */
  formerPhone: string | null;
  /** Every proof, those that ran out too. */
  proofs: ProofInfo[];
  /** Ways in. */
  links: ExportedLink[];
  /** Merges. */
  merges: MergeInfo[];
  /** What the account was told. */
  notices: NoticeInfo[];
  /** Separate consents. */
  consents: ConsentInfo[];
  /** Where the person is signed in. */
  sessions: SignedInDevice[];
  /** Who may act for whom, ended ones too; without codes. */
  grants: ActingGrant[];
  /** What was proved with legal persons' certificates. */
  legalPersons: ExportedLegalPerson[];
  /** Those begun in the last day; what one proved is a proof. */
  faceChecks: ExportedFaceCheck[];
}

/** Somebody the caller may act for. */
export interface ActingFor {
  /** Opaque; newer ones sort higher. */
  grantId: string;
  /** Why they may. */
  kind: ActingKind;
  /** Masked; an organisation's in full. */
  name: string;
  /** What may be done. */
  scopes: string[];
  /** When the leave ends. */
  until: string;
}

/** Leave to act for somebody (代办授权), as one of its two sides sees it. */
export interface ActingGrant {
  /** Opaque; newer ones sort higher. */
  id: string;
  /** Why one may act for the other. */
  kind: ActingKind;
  /** Where it stands now. */
  state: GrantState;
  /** The caller's. */
  side: GrantSide;
  /** The other side, masked; null until they may be named to the caller. */
  name: string | null;
  /** What may be done. */
  scopes: string[];
  /** RFC 3339 instant in UTC. */
  offeredAt: string;
  /** When it ends by itself. */
  expiresAt: string;
  /** The clerk's case. */
  caseId: string | null;
  /** Until when the offer can be confirmed. */
  confirmBy: string | null;
  /** The caller may confirm it as it is, without a code. */
  mineToConfirm: boolean;
  /** Read it out to whoever may act for you, and to nobody else. */
  code: string | null;
}

/** One page of a list, newest first. */
export interface ActingGrantPage {
  /** The entries of this page. */
  items: ActingGrant[];
  /** Pass as `cursor` for the next page; absent on the last. */
  nextCursor: string | null;
}

/**
 * Why somebody may act for another.
 *
 *     `guardian` a parent for a child (监护人); `family` a relative for an elder (亲友代办);
 *     `enterprise` an agent for an organisation (经办人); `clerk` at a counter, with a case (帮办).
 */
export type ActingKind =
  | "clerk"
  | "enterprise"
  | "family"
  | "guardian";

/** For whom the caller acts now, and for whom they may. */
export interface ActingOverview {
  /** Null with one's own token. */
  now: ActingFor | null;
  /** Newest leave first. */
  may: ActingFor[];
}

/** A new access token; the session and its refresh token stay the caller's. */
export interface ActingSession {
  /** ES256 `at+jwt`; with an `act` claim while acting. */
  accessToken: string;
  /** When it ends; switch again for another. */
  expiresAt: string;
  /** Null: one's own again. */
  acting: ActingFor | null;
}

/** Put a version in force. */
export interface ActivateTemplate {
  /** A version's number; 0 is the text that is shipped. */
  version: number;
}

/** Take somebody one may act for into one's list (亲属码). */
export interface AddFamilyMember {
  /** The grant by which one acts for them. */
  grantId: string;
}

/** Link another provider: its one-time code proves the other side. */
export interface AddLink {
  /** The provider's name: `wechat`, … */
  provider: string;
  /** The provider's one-time code; good once. */
  code: string;
}

/** Sign in with the code `my.getAuthCode` gave the mini-program. */
export interface AlipaySignIn {
  /** The code of `my.getAuthCode`: once. */
  code: string;
}

/** Answer a challenge with a legal person's certificate that was shown since, for `step-up`. */
export interface AnswerByCertificate {
  /** The `challenge` of a refusal's `stepUp`. */
  challenge: string;
}

/** Answer a challenge with a face check that was begun since and passed. */
export interface AnswerByFace {
  /** The `challenge` of a refusal's `stepUp`. */
  challenge: string;
  /** A face check. */
  faceCheckId: string;
}

/** Answer a challenge with the code that was sent for it. */
export interface AnswerByPhone {
  /** The `challenge` of a refusal's `stepUp`. */
  challenge: string;
  /** The request the code was sent for. */
  requestId: string;
  /** The six digits of the text message. */
  code: string;
}

/** Answer a challenge with a provider's fresh one-time code. */
export interface AnswerByProvider {
  /** The `challenge` of a refusal's `stepUp`. */
  challenge: string;
  /** The provider's name: `wechat`, … */
  provider: string;
  /** The provider's one-time code; good once. */
  code: string;
}

/** Answer it with what the provider sent back in the address. */
export interface AnswerElsewhere {
  /** The `challenge` of a refusal's `stepUp`. */
  challenge: string;
  /** The `code` that came back: once, minutes. */
  code: string;
  /** The `state` that came back. */
  state: string;
  /** The `iss` that came back (RFC 9207); an answer without it is refused. */
  iss?: string | null;
}

/** Which of Apple's two worlds the app was built for. */
export type AppBuild =
  | "development"
  | "production";

/** An appeal, as its reviewers see it. */
export interface AppealCase {
  /** As who filed it sees it. */
  appeal: AppealInfo;
  /** None if it was destroyed since, or an outcome is disputed. */
  disputed: Disputed | null;
  /** Where an outcome is disputed: all that counts now, the latest first. */
  known: Disputed[];
  /** Where an outcome is disputed: what cannot be known of it now. */
  unknown: Text[];
  /** The evidence that shall be corrected; none where some was missing. */
  correcting: string | null;
  /** What sort of evidence was missing. */
  missingKind: string | null;
  /** When that happened. */
  missingAt: string | null;
  /** The organisation that reviews it. */
  takenBy: string | null;
  /** The organisation that wants it corrected. */
  proposedBy: string | null;
  /** The organisation that decided it. */
  decidedBy: string | null;
  /** What shall stand in its place; none where it is only taken back. */
  correction: Record<string, string | number | boolean | string[]> | null;
  /** Which of the corrections proposed this is; said in agreeing to it. */
  proposal: number | null;
  /** What who filed it will be told if it is agreed to. */
  proposedAnswer: string | null;
}

/** How many people appealed, by how far it came. */
export interface AppealCount {
  /** How far the appeals came. */
  state: string;
  /** How many people, in steps of `k`: it moves once it is `k` away from what was told last. Absent where it could say something of one of them. */
  people: number | null;
}

/** An appeal (赋码申诉), as who filed it sees it. */
export interface AppealInfo {
  /** Opaque; newer ones sort higher. */
  id: string;
  /** PROPOSED: a reviewer wants it corrected. */
  state: "FILED" | "IN_REVIEW" | "PROPOSED" | "REJECTED" | "UPHELD" | "WITHDRAWN";
  /** The disputed evidence; empty where it is an outcome. */
  evidence: string;
  /** The rule that held by it; `GREY` where nothing was known. */
  rule: string;
  /** The colour of that rule. */
  colour: "GREEN" | "GREY" | "RED" | "YELLOW";
  /** What was said. */
  statement: string;
  /** When it was filed. */
  filedAt: string;
  /** When it is to be decided. */
  deadline: string;
  /** Whether that has passed, and others were told. */
  overdue: boolean;
  /** Since when it is in this state. */
  since: string;
  /** What was added to it. */
  attachments: Attachment[];
  /** Why it was decided so. */
  answer: string | null;
  /** The evidence that corrects the disputed. */
  outcome: string | null;
  /** When the colour was judged that is appealed against. */
  judgedAt: string | null;
}

/** One page of a list, newest first. */
export interface AppealInfoPage {
  /** The entries of this page. */
  items: AppealInfo[];
  /** Pass as `cursor` for the next page; absent on the last. */
  nextCursor: string | null;
}

/** Let somebody act for an organisation (经办人); the caller must be its legal representative. */
export interface AppointAgent {
  /** 统一社会信用代码 (GB 32100) of an organisation. */
  uscc: string;
  /** 公民身份号码 of the agent. */
  idNumber: string;
  /** What may be done; a part of what the kind of grant allows. */
  scopes: string[];
  /** When the leave ends; a year at most. */
  until: string;
}

/** A stay in an area with a risk level (风险地区旅居史). `occurredAt` is when it was left. */
export interface AreaStay {
  /** Which of the kinds this is. */
  kind: "AREA_STAY";
  /** Where: 旅居地区划. */
  area: string;
  /** 高, 中 or 低风险. */
  risk: "HIGH" | "LOW" | "MEDIUM";
}

/** Ask for a text to sign with the legal person's certificate. */
export interface AskLegalPersonChallenge {
  /** What it is proved for; the text says so. */
  purpose: LegalPersonPurpose;
}

/** Ask a relative for leave to act for them; they must confirm within ten minutes. */
export interface AskRelative {
  /** 公民身份号码 of the relative. */
  idNumber: string;
  /** What may be done; a part of what the kind of grant allows. */
  scopes: string[];
  /** When the leave ends; a year at most. */
  until: string;
}

/** Ask a resident at the counter for leave to act for them in one case, for half an hour. */
export interface AssistResident {
  /** 公民身份号码 of the resident. */
  idNumber: string;
  /** 办件编号 the clerk works on. */
  caseId: string;
  /** What may be done; a part of what the kind of grant allows. */
  scopes: string[];
}

/**
 * Real-name level (实名等级) of a session, weakest first.
 *
 *     `L0` a provider's word only; `L1` a bound phone; `L2` name and ID number agree (可信等级三级);
 *     `L3` person, name and ID number agree (四级); `L3C` a certificate or a counter (五级).
 */
export type AssuranceLevel =
  | "L0"
  | "L1"
  | "L2"
  | "L3"
  | "L3C";

/** A file that shows it: a photo or a document of 1 MiB at most. */
export interface AttachFile {
  /** What sort of file it is. */
  mediaType: "application/pdf" | "image/jpeg" | "image/png";
  /** Base64. */
  content: string;
}

/** A file of an appeal, but for its content. */
export interface Attachment {
  /** Opaque. */
  id: string;
  /** What sort of file it is. */
  mediaType: "application/pdf" | "image/jpeg" | "image/png";
  /** Bytes. */
  size: number;
  /** When it was attached. */
  at: string;
}

/** A file of an appeal. */
export interface AttachmentContent {
  /** What sort of file it is. */
  mediaType: "application/pdf" | "image/jpeg" | "image/png";
  /** Base64. */
  content: string;
}

/** An attribute a department has told us of is one of some values. */
export interface AttributeAmong {
  /** The attribute. */
  name: string;
  /** What it may be. */
  values: string[];
}

/** How many a campaign is for, and who some of them are. */
export interface AudiencePreview {
  /** How many residents. */
  count: number;
  /** Counted; else reckoned from a random twenty thousand of the city. */
  exact: boolean;
  /** How many residents were looked at. */
  lookedAt: number;
  /** Masked names of a few of them. */
  sample: string[];
}

/** Whom a campaign is for (受众): every condition must hold. Nobody known to be under 14 is addressed. */
export interface AudienceQuery {
  /** 行政区划代码 or their beginnings (GB/T 2260): where the ID number was given out. */
  districts?: string[];
  /** The youngest, in whole years. */
  ageFrom?: number | null;
  /** The oldest, in whole years. */
  ageTo?: number | null;
  /** As the ID number says. */
  sex?: "F" | "M" | null;
  /** Only those who agree to the topic. Else who does not finds it in the app, and hears nothing. */
  agreed?: boolean;
  /** What departments told us of them: `home` (a district), `insurance` (a scheme that is to be paid), `pension` (`drawn`). */
  attributes?: AttributeAmong[];
}

/** What an operator does, and why. */
export interface Because {
  /** Why, for the audit trail: some words, and not blanks alone. */
  reason: string;
}

/** Answer a challenge by signing in again at an OpenID provider that leads to this account. */
export interface BeginAnswerElsewhere {
  /** The `challenge` of a refusal's `stepUp`. */
  challenge: string;
}

/** Bind the phone a provider tells for a code of its own (`getPhoneNumber`). */
export interface BindPhoneByCode {
  /** The provider's one-time code; good once. */
  code: string;
}

/** Bind the phone in the sealed packet of `my.getPhoneNumber`. */
export interface BindPhoneByPacket {
  /** The packet as it came. */
  packet: string;
}

/** Bind the phone a code was sent to. */
export interface BindPhoneBySms {
  /** The request the code was sent for. */
  requestId: string;
  /** The six digits of the text message. */
  code: string;
}

/** A birth record (出生医学证明); birth date and sex are in the ID number. */
export interface BirthRecorded {
  /** Which of the kinds this is. */
  kind: "BIRTH";
  /** Where the child is registered. */
  region: string;
  /** 本市户籍, or that of another place. */
  hukou?: "LOCAL" | "OTHER";
  /** 母亲乙肝表面抗原. */
  motherHbsag?: "negative" | "positive" | "unknown";
  /** 出生体重, in grams. */
  birthGrams?: number | null;
}

/** One part of a screen; a dead source makes it `stale` or `unavailable`, never the screen. */
export interface Block {
  /** Whether there is data, and how fresh. */
  status: BlockStatus;
  /** The screen makes no sense without it: offer a retry. */
  required: boolean;
  /** When the data was true; null if there is none. */
  asOf: string | null;
  /** Changes only when `data` does. */
  etag: string | null;
  /** What the block's name says; null if there is none. */
  data: unknown;
}

/** How fresh a block is. */
export type BlockStatus =
  | "forbidden"
  | "ok"
  | "stale"
  | "unavailable";

/** A certificate of another place, carried by its holder (互认). */
export interface BringCertificate {
  /** What its QR says. */
  text: string;
}

/** A campaign (群发). */
export interface CampaignInfo {
  /** Opaque; newer ones sort higher. */
  id: string;
  /** STOPPED: by its own failures. DONE: everybody it is for has a notice or will. */
  state: "CANARY" | "CANCELLED" | "DONE" | "DRAFT" | "PAUSED" | "RUNNING" | "STOPPED";
  /** What the operators call it. */
  title: string;
  /** What a resident agrees to be told of, or not. */
  topic: "account" | "enrolment" | "expiry" | "health" | "insurance" | "pension" | "policy" | "vaccination";
  /** What the makers of phones make of it (消息分类): marketing is limited a day, and needs a topic that rests on consent. */
  messageClass: "marketing" | "service";
  /** Whom it is for. */
  audience: AudienceQuery;
  /** What is said, in Chinese. */
  text: string;
  /** The same in English. */
  textEn: string;
  /** The screen it opens; empty for none. */
  link: string;
  /** From when on nobody is told any more. */
  usefulUntil: string;
  /** How many are told a minute. */
  perMinute: number;
  /** How many it was for when it was drafted. */
  estimate: number;
  /** How many are told before anybody else. */
  canary: number;
  /** The organisation whose operator drafted it. */
  draftedBy: string;
  /** When that was. */
  draftedAt: string;
  /** The organisation whose operator approved it. */
  approvedBy: string | null;
  /** When that was. */
  approvedAt: string | null;
  /** When its canary was through. */
  widenedAt: string | null;
  /** Why it is where it is, in Chinese, if anything was said. */
  why: string;
  /** The same in English, or as it was said. */
  whyEn: string;
  /** How far it is. */
  progress: CampaignProgress;
}

/** One page of a list, newest first. */
export interface CampaignInfoPage {
  /** The entries of this page. */
  items: CampaignInfo[];
  /** Pass as `cursor` for the next page; absent on the last. */
  nextCursor: string | null;
}

/** How far a campaign has come. */
export interface CampaignProgress {
  /** Residents looked at. */
  lookedAt: number;
  /** Of these, whom it is for: each has one notice. */
  meant: number;
  /** Parts of the city gone through. */
  partsDone: number;
  /** Parts of the city; 0 before it begins. */
  parts: number;
  /** Notices that wait to be sent. */
  waiting: number;
  /** Notices in an inbox, whatever else reached a phone. */
  done: number;
  /** Notices an operator must look at. */
  dead: number;
  /** Notices that came too late to be of use. */
  lapsed: number;
  /** Notices cancelled with the campaign. */
  cancelled: number;
}

/** A certificate that was believed, with its source and age; rules say what follows from it. */
export interface CarriedCertificate {
  /** hc1, shc, nzcp, or hz1 where the issuer was asked. */
  format: string;
  /** Who vouches for it. */
  issuer: string;
  /** As of when it speaks. */
  issuedAt: string | null;
  /** Until when it is good. */
  expiresAt: string | null;
  /** What it proves. */
  statements: CarriedStatement[];
  /** By what it is the resident's. BIRTH_DATE: its name is in another script than theirs. */
  matched: "BIRTH_DATE" | "NAME_AND_BIRTH_DATE";
}

/** One thing a certificate proves. */
export interface CarriedStatement {
  /** Our id of the evidence it became. */
  evidence: string;
  /** HEALTH_CODE, TEST, VACCINATION, RECOVERY or PASS. */
  certificate: string;
  /** When that was. */
  occurredAt: string;
  /** Whether it was issued too long ago to be taken as it is. */
  stale: boolean;
}

/** A scanned code, to be checked (验码请求). */
export interface CheckHealthCode {
  /** What the QR said, a licence behind `|` with it. */
  code: string;
  /** New for each scan, the same for each retry, which is then answered alike. */
  requestId?: string | null;
}

/** Check in with a scanned venue code. */
export interface CheckIn {
  /** What the QR said. */
  code: string;
  /** New for each scan, the same for each retry of it: the same check-in again. */
  requestId: string;
}

/** Whether one may enter, and why not. It says nothing about anybody's health, and changes nothing. */
export interface CheckInReceipt {
  /** 放行 or 不予放行. */
  verdict: "DENY" | "PASS";
  /** A venue's id. */
  venueId: string;
  /** The venue's name. */
  venue: Text;
  /** DISPLAYED changes every minute. PRINTED does not: a picture of it, forwarded, checks in from anywhere, so it proves little and is limited more. */
  codeKind: "DISPLAYED" | "PRINTED";
  /** 码色. GREY is no colour: something could not be known, and `unknown` says what. */
  colour: "GREEN" | "GREY" | "RED" | "YELLOW";
  /** When it was. */
  at: string;
  /** Why not, where not. */
  reason: "COLOUR_NOT_ADMITTED" | "COLOUR_UNKNOWN" | null;
  /** The same in words. */
  detail: Text | null;
}

/** One check a clerk made; of the person checked it says nothing. */
export interface CheckRecord {
  /** UUIDv7; the holder's usage record has the same. */
  id: string;
  /** RFC 3339 instant in UTC. */
  at: string;
  /** Which kind of certificate; null if scene denied. */
  typeName: Text | null;
  /** Where; null if scene denied. */
  scene: string | null;
  /** The answer the clerk got. */
  verdict: Verdict;
  /** True only for OK_*. */
  valid: boolean;
}

/** One page of a list, newest first. */
export interface CheckRecordPage {
  /** The entries of this page. */
  items: CheckRecord[];
  /** Pass as `cursor` for the next page; absent on the last. */
  nextCursor: string | null;
}

/** Where the caller stands with one topic for one child they are the guardian of. */
export interface ChildConsent {
  /** A child, as it was listed to this guardian. */
  child: string;
  /** The child, masked. */
  name: string;
  /** What was said for this child alone; absent for nothing: the topic's `given` holds. */
  given: boolean | null;
}

/** One field of a credential (字段), as it is shown. */
export interface Claim {
  /** Name of a claim. */
  name: string;
  /** What to call it. */
  label: Text;
  /** Masked where the type says so. */
  value: string;
}

/** Act for a child: the family register must know the caller as a guardian. */
export interface ClaimChild {
  /** 公民身份号码 (GB 11643) of a natural person. */
  idNumber: string;
}

/** A clause that says so, in words. */
export interface ClauseText {
  /** Its name in the programme. */
  clause: string;
  /** What it says. */
  text: Text;
}

/** A clerk's session, for one shift at most. */
export interface ClerkSession {
  /** ES256 `at+jwt` for `/verifier/v1` only. */
  accessToken: string;
  /** When the access token ends. */
  expiresAt: string;
  /** Opaque; trade it once for a new pair. */
  refreshToken: string;
  /** When the shift ends. */
  refreshExpiresAt: string;
  /** The organisation's id. */
  organisation: string;
  /** As the resident will see it. */
  organisationName: string;
  /** As the resident will see it. */
  clerkNumber: string;
  /** What the clerk may do. */
  scopes: string[];
  /** Where the clerk may do it. */
  scenes: SceneGrant[];
}

/** Sign in at a counter, with two factors: a passphrase, and a code of the clerk's phone or token. */
export interface ClerkSignIn {
  /** The organisation's id. */
  organisation: string;
  /** Number on the clerk's badge. */
  clerkNumber: string;
  /** The clerk's own. */
  passphrase: string;
  /** Of half a minute (RFC 6238), each good once; none before one is set up. */
  oneTimeCode?: string | null;
}

/** Sign in where the organisation's people sign in. */
export interface ClerkSsoBegin {
  /** The organisation's id. */
  organisation: string;
}

/** One reason that was used for a whole cohort of people (批量赋码预警). */
export interface CohortAlarmInfo {
  /** A code of the table of reasons. */
  reason: string;
  /** The reason in words. */
  text: Text;
  /** How many people, at the most. */
  people: number;
  /** When the alarm was raised. */
  raisedAt: string;
  /** When somebody was last counted. */
  latestAt: string;
}

/** One page of a list, newest first. */
export interface CohortAlarmInfoPage {
  /** The entries of this page. */
  items: CohortAlarmInfo[];
  /** Pass as `cursor` for the next page; absent on the last. */
  nextCursor: string | null;
}

/** How many people have a code of one district, colour and reason; a count without one sums over it. */
export interface ColourCount {
  /** 行政区划代码 (GB/T 2260) of whose rules gave the colour, not of where somebody lives: no address is kept, and an ID number begins with where it was first given out. */
  district: string;
  /** 码色. */
  colour: string | null;
  /** The decisive rule, or `MANUAL:` and the reason code of an entry by hand. */
  reason: string | null;
  /** How many people, in steps of `k`: it moves once it is `k` away from what was told last. Absent where it could say something of one of them. */
  people: number | null;
}

/** A rule that holds, and what makes it hold (赋码原因). */
export interface ColourReason {
  /** The rule's identifier. */
  rule: string;
  /** Its version. */
  version: string;
  /** 码色. GREY is no colour: something could not be known, and `unknown` says what. */
  colour: "GREEN" | "GREY" | "RED" | "YELLOW";
  /** The rule in words. */
  text: Text;
  /** What would clear it (转码条件). */
  clears: Text;
  /** The published order it follows. */
  legalSource: string;
  /** What kind of evidence makes it hold. */
  evidenceKind: string | null;
  /** Our id of that evidence, for an appeal. */
  evidence: string | null;
  /** When that happened. */
  occurredAt: string | null;
  /** When it ends by itself, if it does. */
  until: string | null;
}

/** A health code and a shown licence in one QR. */
export interface CombinedTicket {
  /** What the QR says: both codes, with `|` between. */
  code: string;
  /** When the first of the two dies. */
  expiresAt: string;
  /** The first of the two. */
  healthCode: HealthCodeTicket;
  /** The second, good for one use. */
  presentation: PresentationTicket;
}

/** Confirm; whoever is to act sends the code the other side reads out to them. */
export interface ConfirmGrant {
  /** The code on the other side's screen. Not needed by that side itself. */
  code?: string | null;
}

/** A separate consent (单独同意). */
export interface ConsentInfo {
  /** What was consented to. */
  purpose: string;
  /** The notice that was shown. */
  notice: string;
  /** When. */
  givenAt: string;
  /** When it was withdrawn. */
  withdrawnAt: string | null;
}

/** What is agreed to. */
export interface ConsentWords {
  /** The version of the words that were shown. */
  version: string;
  /** The words. */
  text: Text;
}

/** One certificate (电子证照) in the resident's wallet. */
export interface Credential {
  /** Opaque. */
  id: string;
  /** Credential type code. */
  type: string;
  /** What it is called. */
  typeName: Text;
  /** 发证机关. */
  issuerName: string;
  /** Holder as printed on the card, masked. */
  title: string;
  /** Its number, masked. */
  number: string;
  /** How it stands now. */
  status: CredentialStatus;
  /** Why it stands so, and what to do. */
  statusReason: Text;
  /** First day, Asia/Shanghai. */
  validFrom: string;
  /** Last day, Asia/Shanghai; null = 长期. */
  validUntil: string | null;
  /** How its codes are made; a scene can ask for opaque. */
  mode: PresentationMode;
  /** Rises with every change by the issuer. */
  version: number;
  /** RFC 3339 instant in UTC. */
  updatedAt: string;
}

/** A certificate with its fields and where it can be shown. */
export interface CredentialDetail {
  /** Opaque. */
  id: string;
  /** Credential type code. */
  type: string;
  /** What it is called. */
  typeName: Text;
  /** 发证机关. */
  issuerName: string;
  /** Holder as printed on the card, masked. */
  title: string;
  /** Its number, masked. */
  number: string;
  /** How it stands now. */
  status: CredentialStatus;
  /** Why it stands so, and what to do. */
  statusReason: Text;
  /** First day, Asia/Shanghai. */
  validFrom: string;
  /** Last day, Asia/Shanghai; null = 长期. */
  validUntil: string | null;
  /** How its codes are made; a scene can ask for opaque. */
  mode: PresentationMode;
  /** Rises with every change by the issuer. */
  version: number;
  /** RFC 3339 instant in UTC. */
  updatedAt: string;
  /** Its fields, sensitive ones masked. */
  claims: Claim[];
  /** Where it can be shown, and what is then seen. */
  scenes: SceneOffer[];
}

/** One page of a list, newest first. */
export interface CredentialPage {
  /** The entries of this page. */
  items: Credential[];
  /** Pass as `cursor` for the next page; absent on the last. */
  nextCursor: string | null;
}

/** Whether a credential may be shown now. */
export type CredentialStatus =
  | "expired"
  | "notYetValid"
  | "revoked"
  | "suspended"
  | "valid";

/** A registered type: its fields and which of them can be shown. */
export interface CredentialTypeInfo {
  /** Type code. */
  code: string;
  /** What it is called. */
  name: Text;
  /** 证照类型代码, 21 characters. */
  catalogueCode: string;
  /** `person` or `organisation`. */
  holder: string;
  /** Its fields. */
  fields: FieldInfo[];
  /** How its codes are made; a scene can ask for opaque. */
  mode: PresentationMode;
}

/** A dead letter (死信): nobody knows what to do with it but an operator. */
export interface DeadNotice {
  /** A notice. */
  key: string;
  /** What a resident agrees to be told of, or not. */
  topic: "account" | "enrolment" | "expiry" | "health" | "insurance" | "pension" | "policy" | "vaccination";
  /** What it says, by the template's name. */
  template: string;
  /** Which waits for which: bulk never delays normal, normal never urgent. */
  lane: "bulk" | "normal" | "urgent";
  /** The campaign it is of. */
  campaign: string | null;
  /** Why it is dead. */
  why: string;
  /** How often it was tried. */
  tries: number;
  /** Since when. */
  deadAt: string;
}

/** One page of a list, newest first. */
export interface DeadNoticePage {
  /** The entries of this page. */
  items: DeadNotice[];
  /** Pass as `cursor` for the next page; absent on the last. */
  nextCursor: string | null;
}

/** A declaration as recorded. The rules say what it weighs. */
export interface Declaration {
  /** Our id of it, for a correction. */
  evidence: string;
  /** As what the rules see it. */
  kind: "AREA_STAY" | "DECLARED";
  /** RFC 3339 instant in UTC. */
  occurredAt: string;
  /** RFC 3339 instant in UTC. */
  recordedAt: string;
}

/** What somebody says of their own health (健康信息申报). */
export interface DeclareHealth {
  /** 体温, °C. */
  temperature: number;
  /** 当前症状, as codes of WS 363.6. */
  symptoms?: string[];
}

/** Where somebody says they have been (行程申报). */
export interface DeclareTravel {
  /** Where: 旅居地区划. */
  area: string;
  /** The last day there, Asia/Shanghai. */
  leftOn: string;
  /** 高, 中 or 低风险, if known. */
  risk?: "HIGH" | "LOW" | "MEDIUM" | null;
}

/** What a person says of their own health (健康信息申报). */
export interface Declared {
  /** Which of the kinds this is. */
  kind: "DECLARED";
  /** 体温 of 37.3 °C or more. */
  fever: boolean;
  /** 当前症状, as codes of WS 363.6. */
  symptoms?: string[];
}

/** Our signed word on a deletion; nothing in it is about the person. */
export interface DeletionCertificate {
  /** When it was asked for. */
  requestedAt: string;
  /** When it is, or was, due. */
  dueAt: string;
  /** When the account was gone. */
  deletedAt: string | null;
  /** ES256 `deletion+jwt`, verified with `/.well-known/jwks.json`. */
  certificate: string;
}

/** What deleting the account means, and whether it is under way. */
export interface DeletionConsequences {
  /** To be shown before it is asked for. */
  consequences: Text[];
  /** Days in which it can be taken back. */
  coolOffDays: number;
  /** A deletion under way. */
  deletion: DeletionInfo | null;
}

/** A deletion under way (注销). */
export interface DeletionInfo {
  /** When it was asked for. */
  requestedAt: string;
  /** Until then it can be taken back. */
  dueAt: string;
}

/** The deletion is under way. Keep the receipt: nobody can sign in to ask for it later. */
export interface DeletionReceipt {
  /** Opaque; trade it for the certificate at any time. */
  receipt: string;
  /** When it was asked for. */
  requestedAt: string;
  /** Until then it can be taken back. */
  dueAt: string;
}

/** One thing we need, and how it is. */
export interface Dependency {
  /** `mongo`, `redis`, `keys` … */
  name: string;
  /** As of the last probe. */
  status: "failing" | "ok";
  /** Without it we are not ready. */
  required: boolean;
  /** Of the probe. */
  latencyMs: number | null;
  /** What is wrong; no address, no secret. */
  reason: string | null;
}

/** The evidence an appeal is about, as its reviewers see it. */
export interface Disputed {
  /** Our id of it. */
  evidence: string;
  /** What sort of thing it says happened. */
  kind: string;
  /** Who reported it. */
  source: string;
  /** When that happened. */
  occurredAt: string;
  /** What it says. */
  facts: Record<string, string | number | boolean | string[]>;
}

/** A vaccination that was given (接种记录). */
export interface DoseGiven {
  /** Which of the kinds this is. */
  kind: "DOSE";
  /** Its short name, as the national programme has it. */
  vaccine: string;
  /** When. */
  givenOn: string;
}

/** Draft a campaign; nobody is told anything until somebody else approves it. */
export interface DraftCampaign {
  /** What the operators call it. */
  title: string;
  /** What a resident agrees to be told of, or not. */
  topic: "account" | "enrolment" | "expiry" | "health" | "insurance" | "pension" | "policy" | "vaccination";
  /** What the makers of phones make of it (消息分类): marketing is limited a day, and needs a topic that rests on consent. */
  messageClass?: "marketing" | "service";
  /** Whom it is for. */
  audience: AudienceQuery;
  /** What is said, in Chinese: one line that fits any provider's template. The same to everybody, and nothing personal. */
  text: string;
  /** The same in English. */
  textEn: string;
  /** The screen it opens, in the app. */
  link?: string;
  /** From when on nobody is to be told any more. */
  usefulUntil: string;
  /** How many may be told a minute. */
  perMinute?: number;
}

/** An entry from abroad (入境). */
export interface Entered {
  /** Which of the kinds this is. */
  kind: "ENTERED";
  /** Where from: ISO 3166-1 alpha-2 (GB/T 2659). */
  country: string;
}

/** What an enterprise is (企业画像). */
export interface EnterpriseDescribed {
  /** Which of the kinds this is. */
  kind: "ENTERPRISE";
  /** Where it is registered. */
  division: string;
  /** 国民经济行业分类 (GB/T 4754). */
  industry: string;
  /** 微型, 小型, 中型 or 大型. */
  size: "LARGE" | "MEDIUM" | "MICRO" | "SMALL";
  /** 成立日期. */
  foundedOn: string;
  /** What else policies ask about, as codes. */
  traits?: string[];
  /** 从业人数. */
  employees?: number | null;
  /** 年营业收入, in 10,000 yuan. */
  revenue?: number | null;
  /** 研发费用占比, per cent of revenue. */
  researchShare?: number | null;
  /** 列入失信名单. */
  listedForDefault?: boolean | null;
}

/** What became of one reported item. */
export interface EvidenceOutcome {
  /** The source's id of it. */
  sourceId: string;
  /** REPEATED is a success: the same evidence was recorded before. */
  outcome: "RECORDED" | "REFUSED" | "REPEATED";
  /** Our id of it, unless refused. */
  evidence: string | null;
  /** Why it was refused: the code of the problem. */
  code: string | null;
  /** The same in words. */
  detail: Text | null;
}

/** What became of each item, in the order they came. */
export interface EvidenceReceipt {
  /** How many are new. */
  recorded: number;
  /** How many were known. */
  repeated: number;
  /** How many were refused. */
  refused: number;
  /** One an item. */
  items: EvidenceOutcome[];
}

/** A face check that the caller began lately; the provider has the picture, we never had it. */
export interface ExportedFaceCheck {
  /** The provider's number for it. */
  certification: string;
  /** When. */
  startedAt: string;
}

/** A legal person that the caller proved to represent, while it is kept. */
export interface ExportedLegalPerson {
  /** Its 统一社会信用代码. */
  uscc: string;
  /** As its certificate names it. */
  name: string;
  /** For what: `level`, `agents`. */
  purpose: string;
  /** The certificate's serial number, in hex. */
  serial: string;
  /** When. */
  provedAt: string;
  /** Until when it counts. */
  expiresAt: string;
}

/** A way in, with the provider's name for the person. */
export interface ExportedLink {
  /** The provider's name. */
  provider: string;
  /** Our name there. */
  appid: string;
  /** Its name for the person. */
  subject: string;
  /** Since when. */
  linkedAt: string;
  /** What else it calls the person, or did. */
  otherNames: OtherName[];
}

/** A contact with a case, as traced (密接, 次密接, 时空伴随). */
export interface Exposed {
  /** Which of the kinds this is. */
  kind: "EXPOSED";
  /** 密接, 次密接, same place at the same time (同场所), or 时空伴随. */
  degree: "CLOSE" | "CO_PRESENT" | "SECONDARY" | "SPACETIME";
}

/** Somebody was there. Who, only we know: `subjectRef` names them in evidence of kind EXPOSED. */
export interface ExposedCheckIn {
  /** Names somebody in an answered exposure query, for the department it was answered to. */
  subjectRef: string;
  /** When they checked in. */
  at: string;
  /** DISPLAYED changes every minute. PRINTED does not: a picture of it, forwarded, checks in from anywhere, so it proves little and is limited more. */
  codeKind: "DISPLAYED" | "PRINTED";
  /** Whether they were let in. */
  admitted: boolean;
}

/** One page of a list, newest first. */
export interface ExposedCheckInPage {
  /** The entries of this page. */
  items: ExposedCheckIn[];
  /** Pass as `cursor` for the next page; absent on the last. */
  nextCursor: string | null;
}

/** One of the two who agreed. */
export interface ExposureApproval {
  /** For whom they agreed. */
  organisationName: string;
  /** RFC 3339 instant in UTC. */
  at: string;
}

/** An exposure query (流调查询). */
export interface ExposureQuery {
  /** An exposure query's id. */
  id: string;
  /** The case (流调) it is asked for. */
  caseId: string;
  /** A venue's id. */
  venueId: string;
  /** RFC 3339 instant in UTC. */
  since: string;
  /** RFC 3339 instant in UTC. */
  until: string;
  /** Who asks. */
  department: string;
  /** How far it has come; answered only once APPROVED. */
  state: "ANSWERED" | "APPROVED" | "APPROVED_ONCE" | "EXPIRED" | "PROPOSED";
  /** Who agreed. */
  approvals: ExposureApproval[];
  /** RFC 3339 instant in UTC. */
  proposedAt: string;
  /** When it ends, whatever it has come to. */
  expiresAt: string;
}

/** A face check that waits for the person. */
export interface FaceCheckBegun {
  /** Ask for its result by this. */
  id: string;
  /** Where the mini-program goes. */
  url: string;
}

/** How a face check stands, and the level now. */
export interface FaceCheckResult {
  /** What the provider told us. */
  status: FaceCheckStatus;
  /** Real-name level held now. */
  assurance: AssuranceLevel;
  /** The same as 可信等级. */
  trustGrade: number | null;
}

/** How a face check stands. */
export type FaceCheckStatus =
  | "expired"
  | "failed"
  | "passed"
  | "pending";

/** What became of one reported fact. */
export interface FactOutcome {
  /** The department's id of it. */
  sourceId: string;
  /** REPEATED is a success: the same fact was recorded before. */
  outcome: "RECORDED" | "REFUSED" | "REPEATED";
  /** Why it was refused: the code of the problem. */
  code: string | null;
  /** The same in words. */
  detail: Text | null;
}

/** What became of each fact, in the order they came. */
export interface FactReceipt {
  /** How many are new. */
  recorded: number;
  /** How many were known. */
  repeated: number;
  /** How many were refused. */
  refused: number;
  /** One a fact. */
  items: FactOutcome[];
}

/** One of one's family, and their colour now. */
export interface FamilyHealthCode {
  /** The grant by which one acts for them. */
  grantId: string;
  /** Their name, masked. */
  name: string;
  /** 监护人 of a child, or 亲友. */
  kind: "family" | "guardian";
  /** When the grant ends by itself. */
  until: string;
  /** 码色. GREY is no colour: something could not be known, and `unknown` says what. */
  colour: "GREEN" | "GREY" | "RED" | "YELLOW";
  /** RFC 3339 instant in UTC. */
  since: string;
  /** When the colour was last judged. */
  asOf: string;
}

/** One's family, the first added first. Whose grant has ended is not in it. */
export interface FamilyHealthCodes {
  /** Each with the colour of now. */
  items: FamilyHealthCode[];
  /** How many there can be. */
  most: number;
}

/** Fetch the certificate of a deletion. */
export interface FetchDeletionCertificate {
  /** As it was given. */
  receipt: string;
}

/** One thing wrong with one part of the request. */
export interface FieldError {
  /** `body`, `query`, `path` or `header`. */
  source: string;
  /** The field, as a JSON path or a parameter's name. */
  key: string;
  /** What is wrong with it. */
  message: string;
}

/** A field of a type. */
export interface FieldInfo {
  /** Name of a claim. */
  name: string;
  /** What to call it. */
  label: Text;
  /** A certificate of this type must have it. */
  required: boolean;
  /** May ever appear in a presentation. */
  disclosable: boolean;
  /** What a value must look like. */
  pattern: string | null;
}

/** Say that evidence one's colour rests on is wrong (信息纠错), or the outcome, if it rests on none. */
export interface FileAppeal {
  /** What is wrong with it. */
  statement: string;
  /** `evidence` of a reason of one's present colour. */
  evidence?: string | null;
  /** Instead: an outcome without evidence of its own. Say either, and not both. */
  rule?: string | null;
}

/** Look for the latest notices of somebody. In a body: an ID number has no place in an address. */
export interface FindNotices {
  /** 公民身份号码 (GB 11643) of a natural person. */
  idNumber: string;
}

/**
 * What the health code of another place shows (互认). `occurredAt` is as of when.
 *
 *     It gives no colour here: it is shown with its source and age, and the rules say what follows from it.
 */
export interface ForeignCertificate {
  /** Which of the kinds this is. */
  kind: "FOREIGN_CERT";
  /** 健康码. */
  certificate?: "HEALTH_CODE";
  /** Whose code: 发码地区划, of another province. */
  area: string;
  /** 发码机构, as its holder reads it. */
  issuer: string;
  /** 码色 there. */
  shown: "GREEN" | "RED" | "YELLOW";
}

/** What another place says of somebody (互认), with its source and age. It is no reason by itself. */
export interface ForeignEvidence {
  /** Our id of it. */
  evidence: string;
  /** HEALTH_CODE, TEST, VACCINATION, RECOVERY or PASS. */
  certificate: string;
  /** Who says so. */
  issuer: string;
  /** Where: 区划 of GB/T 2260, or a country of GB/T 2659. */
  area: string | null;
  /** By the place itself, or by its holder. */
  brought: "CARRIED" | "REPORTED";
  /** The colour there, of a health code. */
  shown: "GREEN" | "RED" | "YELLOW" | null;
  /** NEGATIVE, POSITIVE or INVALID, of a test. */
  outcome: string | null;
  /** As of when it speaks: its issue; of a test, when it was taken. */
  asOf: string;
  /** From when it is too old to be taken as it is. */
  staleAt: string;
  /** Whether it is. */
  stale: boolean;
  /** What to make of it, in words. */
  note: Text;
}

/** Whose notices they are, and the latest of them. */
export interface FoundNotices {
  /** A masked name; none for nobody we know. */
  addressee: string | null;
  /** The latest, newest first. */
  notices: NoticeLine[];
}

/** Agree to a topic, in the words that were shown. */
export interface GiveTopicConsent {
  /** The topic. */
  topic: NoticeTopic;
  /** The version of the words that were shown. */
  textVersion: string;
  /** For this child alone; absent: for every child nothing was said of. */
  child?: string | null;
}

/** Which side of a grant the caller is on. */
export type GrantSide =
  | "agent"
  | "principal";

/** Where a grant stands. */
export type GrantState =
  | "active"
  | "ended"
  | "offered";

/** What a guard may know of a code, and nothing more. */
export interface HealthCheck {
  /** ALREADY_CHECKED: this guard has scanned this very code before, or a copy of it. REVOKED: a paper code reported lost or issued anew. IDENTITY_ONLY: a genuine paper code, but its colour cannot be known now. */
  verdict: "ALREADY_CHECKED" | "EXPIRED" | "IDENTITY_ONLY" | "NOT_A_CODE" | "OK" | "REVOKED" | "UNKNOWN";
  /** RFC 3339 instant in UTC. */
  checkedAt: string;
  /** 动态码, 离线码 or 纸质码. */
  kind: "DYNAMIC" | "OFFLINE" | "PAPER" | null;
  /** As of now, whatever a signed code said. */
  colour: "GREEN" | "GREY" | "RED" | "YELLOW" | null;
  /** 姓名 of the holder, masked. */
  name: string | null;
  /** When the colour was last judged. */
  asOf: string | null;
  /** How long ago that is. */
  ageSeconds: number | null;
  /** Of a licence shown with it; null where the guard may not check any. */
  licence: Verification | null;
}

/** A health code (健康码): its colour, since when, and why. */
export interface HealthCode {
  /** 码色. GREY is no colour: something could not be known, and `unknown` says what. */
  colour: "GREEN" | "GREY" | "RED" | "YELLOW";
  /** 姓名 of the holder, masked. */
  name: string;
  /** Since when the colour is this one. */
  since: string;
  /** When it was last judged. */
  asOf: string;
  /** How long ago that is. */
  ageSeconds: number;
  /** Every rule that holds, the decisive first. */
  reasons: ColourReason[];
  /** Why the colour is GREY, or may be graver than shown; mostly empty. */
  unknown: Text[];
  /** The rule set it was judged by: SHA-256 of its content. */
  ruleSet: string;
  /** Its version. */
  ruleSetVersion: string;
  /** When it changes by itself, if nothing new happens. */
  nextChangeAt: string | null;
  /** When a page that hears no events asks again. Everybody is told another number, so that a city that opened its pages in one minute does not ask in one second. */
  refreshSeconds: number;
  /** What other places say (互认), the latest first. */
  elsewhere: ForeignEvidence[];
}

/** A code to show (亮码), good for a minute. */
export interface HealthCodeTicket {
  /** What the QR says. */
  code: string;
  /** RFC 3339 instant in UTC. */
  expiresAt: string;
  /** 码色. GREY is no colour: something could not be known, and `unknown` says what. */
  colour: "GREEN" | "GREY" | "RED" | "YELLOW";
  /** RFC 3339 instant in UTC. */
  since: string;
  /** When the colour was last judged. */
  asOf: string;
}

/**
 * Counts of people, in steps of `k` and none below it.
 *
 *     What could be had by subtraction, of one count from another or of an hour from the next, is left out too.
 */
export interface HealthStatistics {
  /** The least number of people a count tells of. */
  k: number;
  /** Codes, by district, colour and reason. */
  colours: ColourCount[];
  /** Entries by hand. */
  manual: ManualCount[];
  /** Appeals. */
  appeals: AppealCount[];
  /** When it was counted; absent if never yet. */
  asOf: string | null;
  /** How many people, in steps of `k`: it moves once it is `k` away from what was told last. Absent where it could say something of one of them. */
  people: number | null;
}

/** Hold a breaker open or closed, or let it judge for itself again. */
export interface HoldBreaker {
  /** A channel, one template there, or what its receipts tell: `wechat`, `wechat/campaign`, `sms/receipts`. */
  name: string;
  /** open: nothing is sent. closed: everything is, whatever happens. */
  hold: "automatic" | "closed" | "open";
  /** Why, for the audit trail: some words, and not blanks alone. */
  reason: string;
}

/** Whom the certificate is about, and in whose wallet it lies. */
export interface Holder {
  /** Name of the person or organisation. */
  name: string;
  /** Of a person. */
  idNumber?: string | null;
  /** Of an organisation. */
  uscc?: string | null;
  /** ID numbers of those whose wallets hold it beside the holder's own: the legal representative, the parents. */
  keepers?: string[];
}

/** The first screen. */
export interface Home {
  /** RFC 3339 instant in UTC. */
  serverTime: string;
  /** By name; an old mini-program skips what it does not know. */
  blocks: Record<string, Block>;
}

/** Where somebody lives (实有人口登记). */
export interface HouseholdRegistered {
  /** Which of the kinds this is. */
  kind: "HOUSEHOLD";
  /** The district. */
  district: string;
  /** Since when. */
  since: string;
}

/** A contribution to be paid (社会保险费). */
export interface InsuranceDue {
  /** Which of the kinds this is. */
  kind: "INSURANCE";
  /** 城乡居民医保, 城乡居民养老保险 or 灵活就业人员. */
  scheme: "FLEXIBLE" | "RESIDENT_MEDICAL" | "RESIDENT_PENSION";
  /** The last day. */
  dueOn: string;
}

/** Isolation or monitoring ended, by decision (解除隔离). */
export interface IsolationReleased {
  /** Which of the kinds this is. */
  kind: "ISOLATION_RELEASED";
  /** 集中隔离, 居家隔离 or 居家健康监测. */
  mode: "CENTRAL" | "HOME" | "MONITORING";
}

/** Isolation or monitoring began (隔离、健康监测). */
export interface IsolationStart {
  /** Which of the kinds this is. */
  kind: "ISOLATION_START";
  /** 集中隔离, 居家隔离 or 居家健康监测. */
  mode: "CENTRAL" | "HOME" | "MONITORING";
}

/** Issue a certificate, or a new version of one: idempotent by (issuer, serial, version). */
export interface IssueCredential {
  /** A registered type's code. */
  type: string;
  /** 流水号 within the issuer. */
  serial: string;
  /** 版本号, from 1. */
  version?: number;
  /** Whom it is about, and who keeps it. */
  holder: Holder;
  /** The type's fields. */
  claims: Record<string, string>;
  /** First day, Asia/Shanghai. */
  validFrom: string;
  /** Last day, Asia/Shanghai; null = 长期. */
  validUntil?: string | null;
}

/** What the issuer may know of what it issued. */
export interface IssuedCredential {
  /** Opaque. */
  id: string;
  /** 电子证照标识 (GB/T 36904-2018). */
  identifier: string;
  /** Credential type code. */
  type: string;
  /** 流水号. */
  serial: string;
  /** 版本号. */
  version: number;
  /** How it stands now. */
  status: CredentialStatus;
  /** As last given. */
  statusReason: string | null;
  /** Name and number, masked. */
  holderMasked: string;
  /** RFC 3339 instant in UTC. */
  issuedAt: string;
  /** RFC 3339 instant in UTC. */
  updatedAt: string;
}

/** One page of a list, newest first. */
export interface IssuedCredentialPage {
  /** The entries of this page. */
  items: IssuedCredential[];
  /** Pass as `cursor` for the next page; absent on the last. */
  nextCursor: string | null;
}

/** A department's access token; no refresh, assert again. */
export interface IssuerSession {
  /** ES256 `at+jwt` for `/issuer/v1` only. */
  accessToken: string;
  /** When it ends. */
  expiresAt: string;
  /** The department's id. */
  organisation: string;
  /** What it may do. */
  scopes: string[];
}

/** A department's client assertion (RFC 7523, `private_key_jwt`). */
export interface IssuerSignIn {
  /** ES256 JWT: iss = sub = department's id, aud = `suishen:issuer`, jti, exp ≤ 5 min. */
  clientAssertion: string;
}

/** A public P-256 key that verifies ES256 signatures. */
export interface JsonWebKey {
  /** Elliptic curve. */
  kty: "EC";
  /** The curve. */
  crv: "P-256";
  /** Base64url, 32 bytes. */
  x: string;
  /** Base64url, 32 bytes. */
  y: string;
  /** RFC 7638 thumbprint. */
  kid: string;
  /** For signatures only. */
  use: "sig";
  /** ECDSA with SHA-256. */
  alg: "ES256";
}

/** Every key still accepted, the one signing now first. */
export interface JsonWebKeySet {
  /** One of them has the `kid` of a token. */
  keys: JsonWebKey[];
}

/** One lane, and what waits in it. Nobody counts beyond 100,000. */
export interface LaneInfo {
  /** Which waits for which: bulk never delays normal, normal never urgent. */
  lane: "bulk" | "normal" | "urgent";
  /** Notices that are due and not on their way yet. */
  due: number;
  /** Notices that are not due yet, or are tried again later. */
  later: number;
  /** Notices on their way. */
  sending: number;
  /** Since when the oldest of those waits. */
  oldestDueAt: string | null;
}

/** A text to sign. */
export interface LegalPersonChallenge {
  /** The challenge that was signed: once, five minutes. */
  challengeId: string;
  /** Sign exactly this, in UTF-8. */
  text: string;
  /** Until when the signature is taken. */
  expiresAt: string;
}

/** The legal person the resident represents. */
export interface LegalPersonProved {
  /** Its unified social credit code (统一社会信用代码). */
  uscc: string;
  /** Its name. */
  name: string;
  /** Until when this counts in this session. */
  expiresAt: string;
}

/** What it is proved for: the resident's own level, naming agents (经办人), or answering a challenge. */
export type LegalPersonPurpose =
  | "agents"
  | "level"
  | "step-up";

/** How the certificate's key signs; SM2 signatures are DER, for the default signer's name. */
export type LegalPersonSigning =
  | "RSA-PKCS1-SHA256"
  | "RSA-PSS-SHA256"
  | "SM2-SM3";

/** A way in (登录方式). */
export interface LinkInfo {
  /** Its name here. */
  id: string;
  /** The provider's name. */
  provider: string;
  /** Since when. */
  linkedAt: string;
}

/** A way in, or, if it led to another account, a merge. */
export interface LinkResult {
  /** The way in. */
  link: LinkInfo | null;
  /** The merge that was opened. */
  merge: MergeInfo | null;
}

/** The process answers. */
export interface Liveness {
  /** Always this, if there is an answer. */
  status: "alive";
}

/** What was entered by hand about somebody, as they see it: by whom, why and until when. */
export interface ManualAbout {
  /** Our id of the evidence, for an appeal. */
  evidence: string;
  /** A code of the table of reasons. */
  reason: string;
  /** The reason in words. */
  text: Text;
  /** The organisation that entered it. */
  proposedBy: string;
  /** The organisation that confirmed it. */
  confirmedBy: string;
  /** When it began to count. */
  confirmedAt: string;
  /** From when it counts no more. */
  expiresAt: string;
  /** Whether it was taken back. */
  withdrawn: boolean;
  /** The organisation that released it, where it was held. */
  releasedBy: string | null;
}

/** One page of a list, newest first. */
export interface ManualAboutPage {
  /** The entries of this page. */
  items: ManualAbout[];
  /** Pass as `cursor` for the next page; absent on the last. */
  nextCursor: string | null;
}

/** For how many people something was entered by hand, by reason and how far it came. */
export interface ManualCount {
  /** The reason code. */
  reason: string;
  /** How far the entries came. */
  state: string | null;
  /** How many people, in steps of `k`: it moves once it is `k` away from what was told last. Absent where it could say something of one of them. */
  people: number | null;
}

/** An entry (人工录入), as those who enter and confirm see it. */
export interface ManualInfo {
  /** Opaque; newer ones sort higher. */
  id: string;
  /** HELD: the reason was used for a whole cohort, and a third person must agree. */
  state: "CONFIRMED" | "DECLINED" | "HELD" | "LAPSED" | "PROPOSED" | "WITHDRAWING" | "WITHDRAWN";
  /** A code of the table of reasons. */
  reason: string;
  /** The reason in words. */
  text: Text;
  /** 办件编号 it belongs to. */
  caseId: string;
  /** What was noted. */
  note: string;
  /** Where it applies: 行政区划代码 (GB/T 2260). */
  jurisdiction: string;
  /** From when the evidence counts no more. */
  expiresAt: string;
  /** The organisation that proposed it. */
  proposedBy: string;
  /** When that was. */
  proposedAt: string;
  /** Until when it waits for the next person. */
  lapsesAt: string;
  /** The organisation that confirmed it. */
  confirmedBy: string | null;
  /** The organisation that released it. */
  releasedBy: string | null;
  /** The organisation that wants it taken back. */
  withdrawalBy: string | null;
  /** The organisation that agreed to that. */
  withdrawnBy: string | null;
  /** Our id of the evidence, once there is any. */
  evidence: string | null;
}

/** One page of a list, newest first. */
export interface ManualInfoPage {
  /** The entries of this page. */
  items: ManualInfo[];
  /** Pass as `cursor` for the next page; absent on the last. */
  nextCursor: string | null;
}

/** One registered reason for entering evidence by hand. */
export interface ManualReasonInfo {
  /** A code of the table of reasons. */
  code: string;
  /** The reason in words. */
  text: Text;
  /** The longest such evidence may count, in days. */
  maxDays: number;
}

/** Two accounts that belong to one person (账号合并). */
export interface MergeInfo {
  /** Its name here. */
  id: string;
  /** `waiting` is for an operator to decide. */
  status: MergeStatus;
  /** When it was found. */
  openedAt: string;
  /** Until when it can be undone; absent if it cannot. */
  reversibleUntil: string | null;
  /** This session's account was merged into the other: sign in again. */
  signInAgain: boolean;
}

/** How far a merge is. */
export type MergeStatus =
  | "merged"
  | "merging"
  | "refused"
  | "undoing"
  | "undone"
  | "waiting";

/** One thing the caller was told (站内信). */
export interface Notice {
  /** Its name; the same notice comes under it, however often. */
  id: string;
  /** What it is about. */
  topic: NoticeTopic;
  /** In a few words. */
  title: Text;
  /** In full. */
  body: Text;
  /** The same in plain words (易读). */
  plain: Text;
  /** What a voice reads (朗读): the title, and the plain words. */
  aloud: Text;
  /** The page it leads to; empty if to none. */
  link: string;
  /** When it came. */
  at: string;
  /** When it was read; absent if it was not yet. */
  readAt: string | null;
  /** Its place among the caller's notices. */
  cursor: string;
}

/** Something that happened to the account. */
export interface NoticeInfo {
  /** What happened. */
  kind: string;
  /** When. */
  at: string;
  /** Masked name of the other guardian who did it. */
  by: string | null;
}

/** One notice in somebody's inbox, in a line. */
export interface NoticeLine {
  /** A notice. */
  key: string;
  /** What a resident agrees to be told of, or not. */
  topic: "account" | "enrolment" | "expiry" | "health" | "insurance" | "pension" | "policy" | "vaccination";
  /** When it came. */
  at: string;
  /** When it was read. */
  readAt: string | null;
}

/** One page of the inbox, newest first, and how many of all are unread. */
export interface NoticePage {
  /** The notices of this page. */
  items: Notice[];
  /** Pass as `cursor` for the next page; absent on the last. */
  nextCursor: string | null;
  /** How many are unread, up to 999. */
  unread: number;
}

/** One notice's whole story (通知全程): why it was meant, what was done and what came back. */
export interface NoticeStory {
  /** A notice. */
  key: string;
  /** created: waits. relayed: on its way. lapsed: of no use any more. */
  state: "cancelled" | "created" | "dead" | "done" | "lapsed" | "relayed";
  /** What a resident agrees to be told of, or not. */
  topic: "account" | "enrolment" | "expiry" | "health" | "insurance" | "pension" | "policy" | "vaccination";
  /** What it says, by the template's name. */
  template: string;
  /** Which waits for which: bulk never delays normal, normal never urgent. */
  lane: "bulk" | "normal" | "urgent";
  /** What the makers of phones make of it (消息分类): marketing is limited a day, and needs a topic that rests on consent. */
  messageClass: "marketing" | "service";
  /** Whom it is for: a masked name. */
  addressee: string | null;
  /** Whether it is about somebody the reader acts for. */
  aboutAnother: boolean;
  /** The rule it follows from. */
  rule: string;
  /** Which moment of it. */
  milestone: string;
  /** The campaign it is of. */
  campaign: string | null;
  /** Until when it is of use. */
  usefulUntil: string;
  /** How often it was tried anew. */
  tries: number;
  /** What came of it. */
  outcome: string | null;
  /** What happened, oldest first. */
  events: StoryEvent[];
}

/** What notices are about; each is agreed to or refused on its own. */
export type NoticeTopic =
  | "account"
  | "enrolment"
  | "expiry"
  | "health"
  | "insurance"
  | "pension"
  | "policy"
  | "vaccination";

/** A signed code (离线码) to keep for when there is no network; fetched anew each day. */
export interface OfflineHealthCode {
  /** What the QR says; alphanumeric mode. */
  code: string;
  /** 码色. GREY is no colour: something could not be known, and `unknown` says what. */
  colour: "GREEN" | "GREY" | "RED" | "YELLOW";
  /** When the colour was last judged. */
  asOf: string;
  /** RFC 3339 instant in UTC. */
  issuedAt: string;
  /** A day at most, and never beyond the next change of the colour. */
  expiresAt: string;
  /** The rule set it was judged by: SHA-256 of its content. */
  ruleSet: string;
}

/** Finish a sign-in with what the provider sent back in the address. */
export interface OidcSignIn {
  /** The `code` that came back: once, minutes. */
  code: string;
  /** The `state` that came back. */
  state: string;
  /** The `iss` that came back (RFC 9207); an answer without it is refused. */
  iss?: string | null;
}

/** Another name a provider has for the person. */
export interface OtherName {
  /** Which of its names: `unionid`, `user_id`, `open_id`. */
  kind: string;
  /** The name. */
  value: string;
  /** Until when it counted; null: it does. */
  until: string | null;
}

/** A code on paper (纸质码): who somebody is, and no colour. A guard with a network sees the colour. */
export interface PaperHealthCode {
  /** The name by which the paper is reported lost. */
  id: string;
  /** What the QR says; alphanumeric mode. */
  code: string;
  /** The holder's name, masked, as the code says it. */
  name: string;
  /** RFC 3339 instant in UTC. */
  issuedAt: string;
  /** RFC 3339 instant in UTC. */
  expiresAt: string;
}

/** That somebody draws a pension, and when they last confirmed it (养老待遇资格认证). */
export interface PensionDrawn {
  /** Which of the kinds this is. */
  kind: "PENSION";
  /** Since when. */
  entitledFrom: string;
  /** The last confirmation, if there was one. */
  confirmedOn?: string | null;
}

/** The phone that is bound now; refresh the session for its level. */
export interface PhoneBound {
  /** Masked. */
  phone: string;
}

/** A code is on its way. */
export interface PhoneCodeSent {
  /** Send it back with the code. */
  requestId: string;
  /** When the code ends. */
  expiresAt: string;
  /** Masked. */
  phone: string;
}

/** Who made the phone, where JPush reaches it through its maker. */
export type PhoneMaker =
  | "hmos"
  | "honor"
  | "huawei"
  | "oppo"
  | "vivo"
  | "xiaomi";

/** `signed`: claims in the QR, checkable offline. `opaque`: 128 random bits, online only. */
export type PresentationMode =
  | "opaque"
  | "signed";

/** What became of a shown code. */
export interface PresentationProgress {
  /** Not the code itself. */
  presentationId: string;
  /** Whether it can still be used, or was. */
  state: PresentationState;
  /** Who used it, once used. */
  used: UsageRecord | null;
}

/** What became of a shown code. */
export type PresentationState =
  | "ended"
  | "open"
  | "used";

/** A one-time code to draw as a QR, and when it dies. */
export interface PresentationTicket {
  /** Not the code itself. */
  presentationId: string;
  /** Draw exactly this, alphanumeric mode, ECC M. */
  code: string;
  /** Whether the code holds the fields. */
  mode: PresentationMode;
  /** Scene (场景) code. */
  scene: string;
  /** What a verifier will see. */
  claims: string[];
  /** Server time: count down from here. */
  issuedAt: string;
  /** RFC 3339 instant in UTC. */
  expiresAt: string;
}

/** Ask how many a campaign would be for. */
export interface PreviewAudience {
  /** What a resident agrees to be told of, or not. */
  topic: "account" | "enrolment" | "expiry" | "health" | "insurance" | "pension" | "policy" | "vaccination";
  /** Whom it is for. */
  audience: AudienceQuery;
}

/** Look at a template before it is kept. */
export interface PreviewTemplate {
  /** What it would say. */
  draft: TemplateDraft;
  /** What fills its places; made-up values where not given. */
  values?: Record<string, string>;
}

/** Why the request was refused (RFC 9457), in Chinese and English. */
export interface Problem {
  /** `urn:suishen:problem:` and the code. */
  type: string;
  /** The HTTP status. */
  status: number;
  /** Stable, machine-readable; upper snake case. */
  code: string;
  /** Short, Chinese. */
  title: string;
  /** Short, English. */
  titleEn: string;
  /** What happened and what to do, Chinese. */
  detail: string;
  /** What happened and what to do, English. */
  detailEn: string;
  /** Quote this to support; it is in our logs. */
  traceId: string;
  /** A button worth offering. */
  action?: ProblemAction | null;
  /** What was wrong, field by field. */
  errors?: FieldError[];
  /** How to be let through; with `STEP_UP_REQUIRED` on some routes. */
  stepUp?: StepUp | null;
}

/** A button the mini-program can offer beside the text. */
export type ProblemAction =
  | "contactIssuer"
  | "retry"
  | "showAgain"
  | "signIn"
  | "stepUp"
  | "switchBack";

/** Why a level is held. */
export interface ProofInfo {
  /** What it proves. */
  level: AssuranceLevel;
  /** How. */
  method: string;
  /** Who said so. */
  source: string;
  /** When. */
  at: string;
  /** Until when it counts. */
  expiresAt: string | null;
}

/**
 * Want the disputed evidence corrected; a reviewer of another organisation has to agree.
 *
 *     Where an outcome is disputed, either `evidence` of what is known is corrected, or `facts` tell what was
 *     missing, and `occurredAt` when that was: a sample, a negative result, a vaccination, a release.
 */
export interface ProposeCorrection {
  /** Why, for who filed it. */
  answer: string;
  /** What shall stand in its place, of the same kind; none to only take it back. */
  facts?: Sampled | Result | Vaccinated | Exposed | AreaStay | Entered | IsolationStart | IsolationReleased | Declared | ForeignCertificate | null;
  /** Of what is `known`, what is wrong. Only against an outcome. */
  evidence?: string | null;
  /** When that happened which was missing. Only against an outcome. */
  occurredAt?: string | null;
}

/** Ask who was at a venue. Nobody is told until two people of two organisations agree. */
export interface ProposeExposureQuery {
  /** The case (流调) it is asked for. */
  caseId: string;
  /** A venue's id. */
  venueId: string;
  /** From when. */
  since: string;
  /** Until when; three days later at most, and past. */
  until: string;
}

/** Propose evidence that no source reports; somebody of another organisation has to confirm it. */
export interface ProposeManual {
  /** Whose it is: 公民身份号码. */
  idNumber: string;
  /** Where it applies. */
  jurisdiction: string;
  /** A code of the table of reasons. */
  reason: string;
  /** 办件编号 the clerk works on. */
  caseId: string;
  /** For whom has to confirm it. */
  note: string;
  /** From when it counts no more. */
  expiresAt: string;
}

/** Propose a rule set; a second person makes it law. */
export interface ProposeRuleSet {
  /** The rule set, in the shape of the EU gateway's rules. */
  document: Record<string, unknown>;
}

/** The signed text, and the certificate it was signed with. */
export interface ProveLegalPerson {
  /** The challenge that was signed: once, five minutes. */
  challengeId: string;
  /** The legal person's certificate, DER in base64. */
  certificate: string;
  /** Certificates between it and its root, in any order. */
  chain?: string[];
  /** How it was signed. */
  algorithm: LegalPersonSigning;
  /** The signature, in base64. */
  signature: string;
}

/** Prove name and ID number (实名认证). */
export interface ProveRealName {
  /** As registered. */
  name: string;
  /** 公民身份号码. */
  idNumber: string;
  /** Which notice the person was shown and agreed to, separately from anything else. */
  consentNotice: string;
}

/** One provider, one template there or what its receipts tell, and whether anything is sent (熔断). */
export interface ProviderInfo {
  /** A channel, one template there, or what its receipts tell: `wechat`, `wechat/campaign`, `sms/receipts`. */
  name: string;
  /** closed: sent to. open: left alone. half_open: tried with one at a time. */
  breaker: "closed" | "half_open" | "open";
  /** Whether an operator holds it so. */
  byHand: boolean;
  /** Why, where anything was said. */
  why: string;
  /** Calls in this minute; of receipts, those of ten minutes. */
  calls: number;
  /** Of these, failed or slow; of receipts, people they did not reach. */
  bad: number;
  /** How long it is left alone yet. */
  restsSeconds: number;
  /** Taken in the day that ended a day ago, of which it tells later. */
  awaited: number;
  /** Of these, how many it never told anything of. */
  unheard: number;
}

/** The log of one day and place is gone (清除证明). */
export interface PurgeProof {
  /** 行政区划代码 (GB/T 2260). */
  division: string;
  /** Whose log: a day in China. */
  day: string;
  /** How many check-ins were deleted. */
  count: number;
  /** RFC 3339 instant in UTC. */
  purgedAt: string;
  /** The statement, a compact JWS (ES256, `typ` `checkin-purge+jwt`) by a key of `/.well-known/jwks.json`. */
  proof: string;
}

/** One page of a list, newest first. */
export interface PurgeProofPage {
  /** The entries of this page. */
  items: PurgeProof[];
  /** Pass as `cursor` for the next page; absent on the last. */
  nextCursor: string | null;
}

/** A device notices are sent to (推送设备). */
export interface PushDevice {
  /** Its name here. */
  id: string;
  /** By whom it is reached. */
  kind: PushKind;
  /** When it was last heard of. */
  registeredAt: string;
}

/** The caller's devices, and what this city offers. */
export interface PushDevices {
  /** Newest first. */
  devices: PushDevice[];
  /** The kinds a device may be registered as. */
  offered: PushKind[];
  /** `applicationServerKey` for a browser; null where not offered. */
  webPushKey: string | null;
}

/** How well it runs, told by the latest sendings. */
export interface PushFigures {
  /** Sendings looked at: the latest thousand at most. */
  calls: number;
  /** Of these, accepted by a provider. */
  accepted: number;
  /** Of these, within ten seconds of being due. */
  withinTenSeconds: number;
  /** Sendings refused, or failed for certain. */
  refused: number;
  /** Sendings with an outcome nobody knows. */
  unknown: number;
  /** Dead letters that wait for an operator. */
  dead: number;
}

/** By whom the device is reached. */
export type PushKind =
  | "apns"
  | "fcm"
  | "jpush"
  | "webpush";

/** How the caller is told (通知偏好). */
export interface PushPreferences {
  /** Channels used, the first first. */
  channels: string[];
  /** Channels this city has, in its order. */
  offered: string[];
  /** When nothing but what is urgent rings. */
  quiet: QuietTimes;
  /** What holds for who says nothing. */
  cityQuiet: QuietTimes;
  /** Topics that only come to the inbox. */
  topicsOff: NoticeTopic[];
  /** The language of what is sent. */
  language: "en" | "zh";
}

/** When a phone stays quiet (免打扰); over midnight where the end is the earlier. */
export interface QuietTimes {
  /** HH:MM, by the clock of the city. */
  start: string;
  /** HH:MM, by the clock of the city. */
  end: string;
}

/** Let all notices be read. */
export interface ReadAllNotices {
  /** The `cursor` of the newest that was seen: what came after stays unread. */
  upTo?: string | null;
}

/** Whether to send us requests. */
export interface Readiness {
  /** Ready if all that is required is ok. */
  status: "not_ready" | "ready";
  /** Each thing we need. */
  dependencies: Dependency[];
}

/** The level now; refresh the session to use it. */
export interface RealNameResult {
  /** Real-name level held now. */
  assurance: AssuranceLevel;
  /** The same as 可信等级. */
  trustGrade: number | null;
  /** The number was proved before: an operator looks at it. */
  merge: MergeInfo | null;
}

/** Send dead letters on their way again. */
export interface Redrive {
  /** Which. */
  keys: string[];
  /** Why, for the audit trail: some words, and not blanks alone. */
  reason: string;
}

/** What became of it. */
export interface Redriven {
  /** How many are on their way; what is of no use any more stays dead. */
  count: number;
}

/** A device, as its maker's library knows it; to be sent at every start of the app. */
export interface RegisterPushDevice {
  /** By whom it is reached. */
  kind: PushKind;
  /** Device token or registration id; not for a browser. */
  token?: string | null;
  /** For a browser, and for nothing else. */
  subscription?: WebPushSubscription | null;
  /** With `jpush`: who made the phone. */
  maker?: PhoneMaker | null;
  /** With `apns`: which build of the app this is. */
  build?: AppBuild;
}

/** Register a place of one's own organisation. */
export interface RegisterVenue {
  /** Its name in Chinese. */
  nameZh: string;
  /** Its name in English. */
  nameEn: string;
  /** Where it is; its log is kept as that place orders. */
  division: string;
  /** What sort of place it is (场所类型). */
  kind: "CARE_HOME" | "CATERING" | "HOSPITAL" | "HOUSING" | "OFFICE" | "OTHER" | "SCHOOL" | "SHOP" | "TRANSPORT";
  /** Which colours may enter. With GREY in it, also those whose colour is not known. */
  admits: ("GREEN" | "GREY" | "RED" | "YELLOW")[];
  /** Whether codes may be printed, where no screen can be put up. */
  printedCodes?: boolean;
}

/** Say that the disputed evidence is right. */
export interface RejectAppeal {
  /** Why, for who filed it. */
  answer: string;
}

/** One piece of evidence (健康证据), or a correction of one. */
export interface ReportEvidence {
  /** The source's own id of this evidence, used once. */
  sourceId: string;
  /** Where it happened. */
  jurisdiction: string;
  /** When it happened; for a test, when it was taken. */
  occurredAt: string;
  /** What happened, by kind. */
  facts: Sampled | Result | Vaccinated | Exposed | AreaStay | Entered | IsolationStart | IsolationReleased | Declared | ForeignCertificate;
  /** Whose it is: 证件号码, a 公民身份号码. */
  idNumber?: string | null;
  /** Whose it is, instead of a number: only for EXPOSED, after an exposure query. */
  subjectRef?: string | null;
  /** From when it counts no more. */
  expiresAt?: string | null;
  /** The id of what this corrects, which then counts no more. */
  supersedes?: string | null;
  /** Only take back what is superseded; `facts` then count for nothing. */
  void?: boolean;
}

/** Evidence in bulk. An empty list says that the source is alive and has nothing to tell. */
export interface ReportEvidences {
  /** Judged one by one. */
  items: ReportEvidence[];
}

/** One fact, or a correction of one. */
export interface ReportFact {
  /** The department's own id of this fact, used once. */
  sourceId: string;
  /** What is so, by kind. */
  facts: BirthRecorded | DoseGiven | HouseholdRegistered | InsuranceDue | PensionDrawn | EnterpriseDescribed;
  /** Of whom: 公民身份号码. */
  idNumber?: string | null;
  /** Of which enterprise, instead. */
  uscc?: string | null;
  /** The id of what this corrects, which then counts no more. */
  supersedes?: string | null;
  /** Only take back what is superseded; `facts` then count for nothing. */
  void?: boolean;
}

/** Facts in bulk. */
export interface ReportFacts {
  /** Judged one by one. */
  items: ReportFact[];
}

/** What a resident answered in one pop-up. */
export interface ReportSubscriptions {
  /** In whose app they were asked. */
  provider: SubscriptionProvider;
  /** One for each template they were asked for. */
  results: SubscriptionResult[];
}

/** A test's result (检测结果). `occurredAt` is when the sample was taken. */
export interface Result {
  /** Which of the kinds this is. */
  kind: "RESULT";
  /** 检测结果 of the sample. */
  outcome: "INVALID" | "NEGATIVE" | "POSITIVE";
  /** 核酸 or 抗原. */
  method?: "ANTIGEN" | "NAT";
  /** 混管: the tube held several people's samples. */
  mixed?: boolean;
  /** A first, unconfirmed positive (初筛). */
  screening?: boolean;
  /** Ct value, where reported. */
  ct?: number;
  /** 确诊, 无症状感染者 or 疑似, where a doctor said so. */
  diagnosis?: "ASYMPTOMATIC" | "CONFIRMED" | "SUSPECTED";
}

/** A rule set (规则集) and how it came about. */
export interface RuleSetInfo {
  /** SHA-256 of a rule set's canonical JSON, in hex. */
  id: string;
  /** Its name. */
  identifier: string;
  /** Its semantic version. */
  version: string;
  /** What it is called. */
  title: Text;
  /** Where it is law: 行政区划代码 (GB/T 2260). */
  jurisdiction: string;
  /** From when it is law. */
  validFrom: string;
  /** How many rules it has. */
  rules: number;
  /** Whether it is law or waits for a second person. */
  state: RuleSetState;
  /** When it was proposed. */
  proposedAt: string;
  /** Until when, if an end is set. */
  validTo: string | null;
  /** When it became law. */
  publishedAt: string | null;
}

/** How far a rule set has come. */
export type RuleSetState =
  | "PROPOSED"
  | "PUBLISHED";

/** A rule set whole: what a judgement can be made again with. */
export interface RuleSetText {
  /** SHA-256 of a rule set's canonical JSON, in hex. */
  id: string;
  /** The rule set. */
  document: Record<string, unknown>;
}

/** A sample was taken (已采样): not yet a result. */
export interface Sampled {
  /** Which of the kinds this is. */
  kind: "SAMPLED";
  /** 核酸 or 抗原. */
  method?: "ANTIGEN" | "NAT";
  /** 混管: the tube holds several people's samples. */
  mixed?: boolean;
}

/** A scene the clerk may check in. */
export interface SceneGrant {
  /** Scene code. */
  scene: string;
  /** Chinese. */
  name: string;
  /** English. */
  nameEn: string;
}

/** A scene in which a certificate can be shown. */
export interface SceneOffer {
  /** Scene (场景) code. */
  scene: string;
  /** What it is called. */
  name: Text;
  /** Everything a verifier may see there. */
  claims: string[];
  /** How the code is made there. */
  mode: PresentationMode;
}

/** Set up a second factor: a clerk who is new, or whose phone was lost. */
export interface SecondFactorBegin {
  /** The organisation's id. */
  organisation: string;
  /** Number on the clerk's badge. */
  clerkNumber: string;
  /** The clerk's own. */
  passphrase: string;
}

/** A secret for an authenticator app; it counts once a sign-in brings a code of it. */
export interface SecondFactorSecret {
  /** Base32, to be typed. */
  secret: string;
  /** `otpauth://…`, to be drawn as a QR code and scanned. */
  url: string;
}

/** Ask for a code by text message, to bind a phone. */
export interface SendPhoneCode {
  /** A mainland mobile number. */
  phone: string;
}

/** Ask for a code to the bound phone, to answer a challenge. */
export interface SendStepUpCode {
  /** The `challenge` of a refusal's `stepUp`. */
  challenge: string;
}

/** A resident's session. */
export interface Session {
  /** ES256 `at+jwt`; send as `Authorization: Bearer`. */
  accessToken: string;
  /** When the access token ends. */
  expiresAt: string;
  /** Opaque; trade it once for a new pair. */
  refreshToken: string;
  /** When the refresh token ends. */
  refreshExpiresAt: string;
  /** Real-name level of this session. */
  assurance: AssuranceLevel;
  /** Masked name, once real-name. */
  displayName: string | null;
}

/** Trade a refresh token for a new pair. */
export interface SessionRefresh {
  /** Opaque; single use. */
  refreshToken: string;
}

/** What ending the others did. */
export interface SessionsEnded {
  /** How many sessions were ended. */
  ended: number;
}

/** How to be told from now on; what is left out is as the city has it. */
export interface SetPushPreferences {
  /** Channels to use, the first first; none of them is the inbox alone. */
  channels?: string[] | null;
  /** Quiet hours of one's own. */
  quiet?: SetQuietTimes | null;
  /** Topics that shall only come to the inbox. */
  topicsOff?: NoticeTopic[];
  /** The language of what is sent. */
  language?: "en" | "zh";
}

/** When a phone stays quiet; the same time twice is never. */
export interface SetQuietTimes {
  /** HH:MM, by the clock of the city. */
  start: string;
  /** HH:MM, by the clock of the city. */
  end: string;
}

/** Ask for a one-time code (亮证). */
export interface ShowCredential {
  /** Opaque. */
  credentialId: string;
  /** Where it is shown; `general` if not said. */
  scene?: string;
  /** Show only these; all the scene allows if not said. */
  claims?: string[] | null;
}

/** Ask for a code to show (制码请求). */
export interface ShowHealthCode {
}

/** Who acted for the holder (代亮). */
export interface ShownBy {
  /** Why they may. */
  kind: ActingKind;
  /** Masked; of a clerk, organisation and number. */
  name: string;
}

/** A sign-in that goes on at an OpenID provider. */
export interface SignInBegun {
  /** Where to send the person, in this browser. */
  authorizationUrl: string;
  /** Finish only what comes back with this. */
  state: string;
  /** Until when it can be finished. */
  expiresAt: string;
}

/** One place where the caller is signed in (登录设备). */
export interface SignedInDevice {
  /** A session's id; opens nothing by itself. */
  id: string;
  /** Whether it is the session this was asked with. */
  current: boolean;
  /** By which way in: `wechat:APPID`, `suishen-clerk` … */
  client: string;
  /** `iphone`, `ipad`, `android`, `harmony`, `windows`, `mac`, `linux`, if it told. */
  platform: string | null;
  /** When it began. */
  startedAt: string;
  /** When it was last renewed; its start if never. */
  renewedAt: string;
  /** When it ends however often it is renewed. */
  expiresAt: string;
}

/** Be reminded another time (稍后提醒). */
export interface SnoozeItem {
  /** When. */
  until: string;
}

/** Begin a face check (人脸核身). */
export interface StartFaceCheck {
  /** Which notice the person was shown and agreed to, separately from anything else. */
  consentNotice: string;
}

/** Why a certificate is suspended, resumed or revoked. */
export interface StatusChange {
  /** Shown to the holder: words, no control or direction marks, no blank at either end. */
  reason: string;
}

/** What to do so that the same request is let through: prove, then send it again with the challenge. */
export interface StepUp {
  /** Answer it under `/mp/v1/account/step-up`, then repeat the request unchanged with it as `X-Step-Up`; good once. */
  challenge: string;
  /** What it is for. */
  operation: string;
  /** The least real-name level. */
  level: AssuranceLevel;
  /** How it may be answered. */
  methods: string[];
  /** When the challenge ends. */
  expiresAt: string;
}

/** The challenge is answered: repeat the request with it. */
export interface StepUpAnswered {
  /** Until when. */
  expiresAt: string;
}

/** One thing that happened to a notice. */
export interface StoryEvent {
  /** When. */
  at: string;
  /** What happened. tried: a provider was asked, or was about to be. delivered, undelivered: it said so later of what it had accepted. */
  what: "decided" | "delivered" | "finished" | "inbox" | "meant" | "read" | "relayed" | "tried" | "undelivered";
  /** On which channel. */
  channel: string | null;
  /** What came of it, or why. */
  outcome: string | null;
  /** What the provider said, in its own word. */
  code: string | null;
  /** How often the provider was asked. */
  calls: number | null;
}

/** What `wx.requestSubscribeMessage` says of one template. */
export type SubscriptionAnswer =
  | "accept"
  | "acceptWithAudio"
  | "acceptWithForcePush"
  | "ban"
  | "filter"
  | "reject";

/** How often a resident may still be written to by one provider's template (订阅次数). */
export interface SubscriptionInfo {
  /** Whose template it is. */
  provider: SubscriptionProvider;
  /** A template as its provider calls it. */
  templateId: string;
  /** The notices that go out by it. */
  templates: string[];
  /** Whether one yes is for all times (长期订阅), not for one message each. */
  standing: boolean;
  /** Messages allowed and not sent yet; 0 of a standing one. */
  left: number;
  /** Whether a message could go out now. */
  agreed: boolean;
  /** Whether the last word was no. */
  refused: boolean;
}

/** Whose templates need a resident's yes. */
export type SubscriptionProvider =
  | "alipay"
  | "wechat";

/** One line of a pop-up's result. */
export interface SubscriptionResult {
  /** A template as its provider calls it. */
  templateId: string;
  /** As the provider's page API said it. */
  answer: SubscriptionAnswer;
}

/** Act for the other side of a grant. */
export interface SwitchActing {
  /** Opaque; newer ones sort higher. */
  grantId: string;
}

/** A provider's own template that the notice goes out by. */
export interface TemplateBinding {
  /** As the provider calls it. */
  templateId: string;
  /** How each of its fields is filled. */
  fields: Record<string, string>;
  /** Where a tap leads; `{link}` is the notice's own address. */
  page?: string;
  /** Whether one yes is for all times (长期订阅). */
  standing?: boolean;
  /** What its enumerations allow. */
  choices?: Record<string, string[]>;
}

/** A template whole, as it would be kept. */
export interface TemplateDraft {
  /** In Chinese. */
  zh: TemplateWords;
  /** In English. */
  en: TemplateWords;
  /** By WeChat. */
  wechat?: TemplateBinding | null;
  /** By Alipay. */
  alipay?: TemplateBinding | null;
}

/** What is kept of a template: two versions to change between, and one that waits. */
export interface TemplateInfo {
  /** A notice's name. */
  name: string;
  /** What it says if nobody writes anything. */
  shipped: TemplateDraft;
  /** What is in force; absent: the shipped text. */
  current: TemplateVersion | null;
  /** What was before. */
  previous: TemplateVersion | null;
  /** What waits to be in force. */
  saved: TemplateVersion | null;
}

/** How a template looks, filled. */
export interface TemplatePreview {
  /** In Chinese. */
  zh: TemplateWords;
  /** In English. */
  en: TemplateWords;
  /** WeChat's fields. */
  wechat: Record<string, string>;
  /** Alipay's fields. */
  alipay: Record<string, string>;
  /** For what it would not be kept. */
  problems: TemplateProblem[];
}

/** Something a provider would refuse, or that must not be said where it stands. */
export interface TemplateProblem {
  /** Where. */
  field: string;
  /** Why, in one word. */
  why: string;
}

/** A version as it was saved. */
export interface TemplateVersion {
  /** Its number. */
  number: number;
  /** When. */
  savedAt: string;
  /** What it says. */
  draft: TemplateDraft;
}

/**
 * One notice in one language.
 *
 *     Places are `{name}`, `{item}`, `{item_en}`, `{date}`, `{until}`, `{place}` and `{clause}`.
 */
export interface TemplateWords {
  /** What it is about. */
  title: string;
  /** What there is to do. */
  body: string;
  /** On a locked screen; no places, and no vaccine. */
  lockTitle: string;
  /** On a locked screen; no places, and no vaccine. */
  lockBody: string;
  /** The same in plain words (易读), read aloud after the title. */
  plain: string;
}

/** The same sentence in Chinese and in English. */
export interface Text {
  /** Simplified Chinese. */
  zh: string;
  /** English. */
  en: string;
}

/** One thing to do (待办事项), and why one is told of it. */
export interface TimelineEntry {
  /** An item of a timeline, as it was listed. */
  id: string;
  /** What it is about. */
  topic: "account" | "enrolment" | "expiry" | "health" | "insurance" | "pension" | "policy" | "vaccination";
  /** What is to be done. */
  title: Text;
  /** Whom it is about, masked; null for the caller themselves. */
  name: string | null;
  /** Whether it can be done now, or is late; of some things no day is known yet. */
  status: "due" | "not_announced" | "not_yet_due" | "overdue";
  /** Whether anything is to be done; if not, one is only told when it happens. */
  toDo: boolean;
  /** The first day on which it can be done. */
  earliest: string | null;
  /** The day before which it should be done. */
  recommendedBefore: string | null;
  /** The last day on which it can be done. */
  windowTo: string | null;
  /** What was said of it; `open` if nothing was. */
  state: "done" | "not_applicable" | "open" | "snoozed";
  /** When one is reminded again. */
  snoozedUntil: string | null;
  /** Whether the caller may say that it is done. */
  decides: boolean;
  /** The edition of the programme that says so. */
  programme: string;
  /** 为什么收到此提醒: the clauses that say so. */
  reasons: ClauseText[];
  /** What else one should know: an earlier dose that counts was recorded as too early. */
  remarks: Text[];
}

/** One page of a list, newest first. */
export interface TimelineEntryPage {
  /** The entries of this page. */
  items: TimelineEntry[];
  /** Pass as `cursor` for the next page; absent on the last. */
  nextCursor: string | null;
}

/** Where the caller stands with one topic (同意). */
export interface TopicConsent {
  /** The topic. */
  topic: NoticeTopic;
  /** What it rests on; `guardian` is the separate consent of a child's guardian. */
  basis: "consent" | "guardian" | "law";
  /** Whether it is agreed to; absent if nothing was said. */
  given: boolean | null;
  /** The words in force; absent for `law`. */
  words: ConsentWords | null;
  /** Every decision, newest first. */
  record: TopicDecision[];
  /** With `guardian`: the children, each of whom may be left out. */
  children: ChildConsent[];
}

/** Something the caller decided about a topic; it stays on record. */
export interface TopicDecision {
  /** Whether it was agreed to; refused or withdrawn if not. */
  given: boolean;
  /** The version of the words that were shown. */
  textVersion: string;
  /** When. */
  at: string;
  /** When another decision took its place. */
  until: string | null;
  /** For which child alone; absent: for all. */
  child: string | null;
}

/** How many notices are unread. */
export interface UnreadCount {
  /** Up to 999. */
  unread: number;
}

/** One use of a certificate (用证记录), as its holder sees it. */
export interface UsageRecord {
  /** UUIDv7. */
  id: string;
  /** RFC 3339 instant in UTC. */
  at: string;
  /** Opaque. */
  credentialId: string;
  /** Credential type code. */
  type: string;
  /** Which kind of certificate. */
  typeName: Text;
  /** Who looked. */
  organisation: string;
  /** Which clerk. */
  clerkNumber: string;
  /** Scene (场景) code. */
  scene: string;
  /** Where. */
  sceneName: Text;
  /** What they saw; empty if refused. */
  claims: string[];
  /** The answer the clerk got. */
  verdict: Verdict;
  /** Who showed it in the holder's name; null: the holder. */
  shownBy: ShownBy | null;
}

/** One page of a list, newest first. */
export interface UsageRecordPage {
  /** The entries of this page. */
  items: UsageRecord[];
  /** Pass as `cursor` for the next page; absent on the last. */
  nextCursor: string | null;
}

/** A vaccination (疫苗接种). */
export interface Vaccinated {
  /** Which of the kinds this is. */
  kind: "VACCINATED";
  /** Product code. */
  product: string;
  /** Which dose. */
  dose: number;
}

/** A registered place (场所). */
export interface Venue {
  /** A venue's id. */
  id: string;
  /** What it is called. */
  name: Text;
  /** 行政区划代码 (GB/T 2260). */
  division: string;
  /** What sort of place it is (场所类型). */
  kind: "CARE_HOME" | "CATERING" | "HOSPITAL" | "HOUSING" | "OFFICE" | "OTHER" | "SCHOOL" | "SHOP" | "TRANSPORT";
  /** Which colours may enter. */
  admits: ("GREEN" | "GREY" | "RED" | "YELLOW")[];
  /** Whether codes may be printed. */
  printedCodes: boolean;
  /** RFC 3339 instant in UTC. */
  registeredAt: string;
}

/** A code to put up at a venue (场所码). */
export interface VenueCode {
  /** A venue's id. */
  venueId: string;
  /** DISPLAYED changes every minute. PRINTED does not: a picture of it, forwarded, checks in from anywhere, so it proves little and is limited more. */
  kind: "DISPLAYED" | "PRINTED";
  /** What the QR says. */
  code: string;
  /** From when it is refused; a printed one has no such moment. */
  expiresAt: string | null;
  /** When to show the next one, a minute before this one is refused. */
  nextAt: string | null;
  /** What to know of a printed one, to be read before printing. */
  notice: Text | null;
}

/** One page of a list, newest first. */
export interface VenuePage {
  /** The entries of this page. */
  items: Venue[];
  /** Pass as `cursor` for the next page; absent on the last. */
  nextCursor: string | null;
}

/** The answer to a scan; stable codes. */
export type Verdict =
  | "ALREADY_USED"
  | "CLOCK_SKEW"
  | "CREDENTIAL_EXPIRED"
  | "EXPIRED"
  | "KEY_UNKNOWN"
  | "NOT_YET_VALID"
  | "OK_OFFLINE"
  | "OK_ONLINE"
  | "ONLINE_ONLY"
  | "REVOKED"
  | "SCENE_DENIED"
  | "STALE_STATUS"
  | "SUSPENDED"
  | "TAMPERED"
  | "UNKNOWN_CODE"
  | "UNREADABLE";

/** The answer to a scan: a verdict, what to do next, and only the scene's fields. */
export interface Verification {
  /** The answer, as a stable code. */
  verdict: Verdict;
  /** True only for OK_*. */
  valid: boolean;
  /** What to do next, in plain words. */
  advice: Text;
  /** RFC 3339 instant in UTC. */
  checkedAt: string;
  /** Kind of certificate, if known. */
  typeName: Text | null;
  /** 发证机关, if valid. */
  issuerName: string | null;
  /** Scene the code was shown for, if known. */
  scene: string | null;
  /** How the code was made, if known. */
  mode: PresentationMode | null;
  /** Empty unless valid. */
  claims: Claim[];
  /** The usage record, if one was written. */
  usageId: string | null;
  /** Who showed it in the holder's name; null: the holder, or unknown. */
  shownBy: ShownBy | null;
}

/** A scanned code. Repeat with the same `requestId` after a lost reply. */
export interface Verify {
  /** Exactly what the scanner read. */
  code: string;
  /** New for each scan, the same for each retry. */
  requestId: string;
}

/** What `PushSubscription.toJSON()` gives, without its expiry. */
export interface WebPushSubscription {
  /** The push service's address for this browser. */
  endpoint: string;
  /** `keys.p256dh`. */
  p256dh: string;
  /** `keys.auth`. */
  auth: string;
}

/** Sign in with the code `wx.login` gave the mini-program. */
export interface WechatSignIn {
  /** The code of `wx.login`: once, five minutes. */
  code: string;
}

/** Every code a refusal may carry today. */
export type RefusalCode =
  | "ACCOUNT_DISABLED"
  | "ACTING_NOT_OFFERED"
  | "APPEAL_NOT_OPEN"
  | "APPEAL_UNKNOWN"
  | "ASSERTION_REFUSED"
  | "ATTACHMENT_UNFIT"
  | "AUDIENCE_INVALID"
  | "CAMPAIGN_INVALID"
  | "CAMPAIGN_NOT_OPEN"
  | "CAMPAIGN_UNKNOWN"
  | "CERTIFICATE_CHALLENGE_ENDED"
  | "CERTIFICATE_EXPIRED"
  | "CERTIFICATE_ISSUER_AWAY"
  | "CERTIFICATE_NOT_BELIEVED"
  | "CERTIFICATE_OF_ANOTHER"
  | "CERTIFICATE_OF_NO_LEGAL_PERSON"
  | "CERTIFICATE_REVOKED"
  | "CERTIFICATE_SIGNATURE_REFUSED"
  | "CERTIFICATE_UNKNOWN_TO_ISSUER"
  | "CERTIFICATE_UNREADABLE"
  | "CERTIFICATE_UNTRUSTED"
  | "CHANNEL_NOT_OFFERED"
  | "CHILD_NEEDS_GUARDIAN"
  | "CLAIMS_INVALID"
  | "CLAIM_NOT_DISCLOSABLE"
  | "CLERK_NOT_RECOGNISED"
  | "CODE_ALREADY_USED"
  | "CODE_REJECTED"
  | "CODE_REPLAYED"
  | "CONFIRMATION_CODE_WRONG"
  | "CONSENT_TEXT_OUTDATED"
  | "CONSENT_UNKNOWN"
  | "CORRECTION_INVALID"
  | "CREDENTIAL_NOT_SHOWABLE"
  | "CREDENTIAL_TYPE_UNKNOWN"
  | "CREDENTIAL_UNKNOWN"
  | "DELETION_BEGUN"
  | "DELETION_UNKNOWN"
  | "DEVICE_NOT_USABLE"
  | "DEVICE_UNKNOWN"
  | "DIVISION_UNKNOWN"
  | "ENDINGS_UNHEARD"
  | "EVIDENCE_INVALID"
  | "EXPOSURE_QUERY_EXPIRED"
  | "EXPOSURE_QUERY_INVALID"
  | "EXPOSURE_QUERY_NOT_APPROVED"
  | "EXPOSURE_QUERY_UNKNOWN"
  | "FACE_CHECK_UNKNOWN"
  | "FAMILY_FULL"
  | "FAMILY_MEMBER_UNKNOWN"
  | "FAMILY_REGISTER_UNAVAILABLE"
  | "GRANT_NOT_IN_FORCE"
  | "GRANT_STANDS_ALREADY"
  | "GRANT_UNKNOWN"
  | "GUARDIANSHIP_STANDS"
  | "GUARDIANS_FULL"
  | "HEALTH_CODE_UNAVAILABLE"
  | "HOLDER_MISMATCH"
  | "IDEMPOTENCY_KEY_REUSED"
  | "IDENTITY_ALREADY_PROVED"
  | "IDENTITY_NOT_CONFIRMED"
  | "INVALID_CERTIFICATE_IDENTIFIER"
  | "INVALID_ID_NUMBER"
  | "INVALID_USCC"
  | "ISSUER_NOT_ALLOWED"
  | "LAST_WAY_IN"
  | "LINK_TAKEN"
  | "LINK_UNKNOWN"
  | "MANUAL_ENTRY_INVALID"
  | "MANUAL_ENTRY_NOT_OPEN"
  | "MANUAL_ENTRY_UNKNOWN"
  | "MERGE_NOT_REVERSIBLE"
  | "MERGE_UNKNOWN"
  | "NOTICE_UNKNOWN"
  | "NOT_A_DECISIVE_REASON"
  | "NOT_A_GUARDIAN"
  | "NOT_FOR_YOURSELF"
  | "NOT_LEGAL_REPRESENTATIVE"
  | "NOT_WHILE_ACTING"
  | "NOT_YOURS_TO_CONFIRM"
  | "NOT_YOURS_TO_DECIDE"
  | "NO_PHONE_BOUND"
  | "OFFER_LAPSED"
  | "PAPER_CODE_UNKNOWN"
  | "PHONE_CODE_REJECTED"
  | "PHONE_PACKET_REFUSED"
  | "PRESENTATION_UNKNOWN"
  | "PRINTING_NOT_ALLOWED"
  | "PROPOSAL_CHANGED"
  | "PROVIDER_ACCOUNT_BLOCKED"
  | "PROVIDER_BUSY"
  | "PROVIDER_MIXED_UP"
  | "PROVIDER_NOT_OFFERED"
  | "PROVIDER_TOKEN_ALGORITHM"
  | "PROVIDER_TOKEN_AUDIENCE"
  | "PROVIDER_TOKEN_FORGED"
  | "PROVIDER_TOKEN_ISSUER"
  | "PROVIDER_TOKEN_KEY"
  | "PROVIDER_TOKEN_KIND"
  | "PROVIDER_TOKEN_NONCE"
  | "PROVIDER_TOKEN_TIME"
  | "PROVIDER_TOKEN_UNAVAILABLE"
  | "PROVIDER_TOKEN_UNREADABLE"
  | "PROVIDER_TOKEN_WEAK"
  | "PROVIDER_UNAVAILABLE"
  | "PROVIDER_UNKNOWN"
  | "PUSH_KIND_NOT_OFFERED"
  | "REGISTRY_UNAVAILABLE"
  | "REPLY_AMBIGUOUS"
  | "REPLY_FOREIGN"
  | "REPLY_OF_UNKNOWN_SERIAL"
  | "REPLY_STALE"
  | "REPLY_UNREADABLE"
  | "REPLY_UNSIGNED"
  | "REPLY_WEAKLY_HASHED"
  | "REPLY_WRONGLY_SIGNED"
  | "REPRESENTATIVE_DIFFERS"
  | "REQUEST_UNDER_WAY"
  | "REVOCATION_UNKNOWN"
  | "RULE_SET_INVALID"
  | "RULE_SET_UNKNOWN"
  | "SCENE_NOT_ALLOWED"
  | "SCENE_UNKNOWN"
  | "SCOPE_MISSING"
  | "SCOPE_NOT_GRANTABLE"
  | "SECOND_FACTOR_CLOSED"
  | "SECOND_FACTOR_NEEDED"
  | "SECOND_OPERATOR_NEEDED"
  | "SECOND_PERSON_NEEDED"
  | "SERIAL_CONFLICT"
  | "SESSION_ENDED"
  | "SESSION_UNKNOWN"
  | "SIGNING_IN_BUSY"
  | "SIGN_IN_FLOW_ELSEWHERE"
  | "SIGN_IN_FLOW_ENDED"
  | "SIGN_IN_REQUIRED"
  | "SMS_UNAVAILABLE"
  | "SNOOZE_INVALID"
  | "STATUS_CHANGE_IMPOSSIBLE"
  | "STATUS_LIST_UNKNOWN"
  | "STEP_UP_CHALLENGE_REFUSED"
  | "STEP_UP_NOT_PROVED"
  | "STEP_UP_REQUIRED"
  | "TEMPLATE_CHANGED"
  | "TEMPLATE_INVALID"
  | "TEMPLATE_UNKNOWN"
  | "TEMPLATE_VERSION_UNKNOWN"
  | "TERM_NOT_GRANTABLE"
  | "TIMELINE_ITEM_UNKNOWN"
  | "TOO_LARGE"
  | "TOO_MANY_GUARDIANS"
  | "TOO_MANY_LISTENERS"
  | "TOO_MANY_REQUESTS"
  | "TOPIC_RESTS_ON_LAW"
  | "UNAVAILABLE"
  | "UNSUPPORTED_MEDIA_TYPE"
  | "VALIDATION"
  | "VALIDITY_INVALID"
  | "VENUE_CODE_FORGED"
  | "VENUE_CODE_STALE"
  | "VENUE_CODE_WITHDRAWN"
  | "VENUE_UNKNOWN"
  | "VERSION_STALE";

/** A refusal under 200, for those who sent `X-Envelope: 1`. */
export interface Envelope {
  $problem: Problem;
}

/** What each operation takes and gives. */
export interface Operations {
  /** The public keys our access tokens may be signed with (RFC 7517). */
  TokenKeys: {
    method: "GET";
    path: "/.well-known/jwks.json";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: JsonWebKeySet;
    codes: never;
  };
  /** Certificates this department issued. */
  ListIssued: {
    method: "GET";
    path: "/issuer/v1/credentials";
    parameters: {};
    query: { cursor?: string; limit?: number; };
    header: {};
    body: null;
    status: 200;
    answer: IssuedCredentialPage;
    codes: "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Issue; the same (issuer, serial, version) or the same key again gets the same answer. */
  IssueCredential: {
    method: "POST";
    path: "/issuer/v1/credentials";
    parameters: {};
    query: {};
    header: { "Idempotency-Key": string; };
    body: IssueCredential;
    status: 201;
    answer: IssuedCredential;
    codes: "CLAIMS_INVALID" | "CREDENTIAL_TYPE_UNKNOWN" | "ENDINGS_UNHEARD" | "HOLDER_MISMATCH" | "IDEMPOTENCY_KEY_REUSED" | "INVALID_CERTIFICATE_IDENTIFIER" | "INVALID_ID_NUMBER" | "INVALID_USCC" | "ISSUER_NOT_ALLOWED" | "REQUEST_UNDER_WAY" | "SCOPE_MISSING" | "SERIAL_CONFLICT" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION" | "VALIDITY_INVALID" | "VERSION_STALE";
  };
  /** One certificate this department issued. */
  ReadIssued: {
    method: "GET";
    path: "/issuer/v1/credentials/{credentialId}";
    parameters: { credentialId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: IssuedCredential;
    codes: "CREDENTIAL_UNKNOWN" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** A suspended certificate can be shown again. */
  ResumeCredential: {
    method: "POST";
    path: "/issuer/v1/credentials/{credentialId}/resume";
    parameters: { credentialId: string; };
    query: {};
    header: {};
    body: StatusChange;
    status: 200;
    answer: IssuedCredential;
    codes: "CREDENTIAL_UNKNOWN" | "ENDINGS_UNHEARD" | "ISSUER_NOT_ALLOWED" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STATUS_CHANGE_IMPOSSIBLE" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** For good: a revoked certificate never comes back. */
  RevokeCredential: {
    method: "POST";
    path: "/issuer/v1/credentials/{credentialId}/revoke";
    parameters: { credentialId: string; };
    query: {};
    header: {};
    body: StatusChange;
    status: 200;
    answer: IssuedCredential;
    codes: "CREDENTIAL_UNKNOWN" | "ENDINGS_UNHEARD" | "ISSUER_NOT_ALLOWED" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STATUS_CHANGE_IMPOSSIBLE" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Nobody can show or use it from now on, until it is resumed. */
  SuspendCredential: {
    method: "POST";
    path: "/issuer/v1/credentials/{credentialId}/suspend";
    parameters: { credentialId: string; };
    query: {};
    header: {};
    body: StatusChange;
    status: 200;
    answer: IssuedCredential;
    codes: "CREDENTIAL_UNKNOWN" | "ENDINGS_UNHEARD" | "ISSUER_NOT_ALLOWED" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STATUS_CHANGE_IMPOSSIBLE" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Propose a query for a case; it ends after a day, whatever it has come to. */
  ProposeExposureQuery: {
    method: "POST";
    path: "/issuer/v1/exposure-queries";
    parameters: {};
    query: {};
    header: { "Idempotency-Key": string; };
    body: ProposeExposureQuery;
    status: 201;
    answer: ExposureQuery;
    codes: "ENDINGS_UNHEARD" | "EXPOSURE_QUERY_INVALID" | "IDEMPOTENCY_KEY_REUSED" | "REQUEST_UNDER_WAY" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION" | "VENUE_UNKNOWN";
  };
  /** A query of the department's own. */
  ReadExposureQuery: {
    method: "GET";
    path: "/issuer/v1/exposure-queries/{queryId}";
    parameters: { queryId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: ExposureQuery;
    codes: "EXPOSURE_QUERY_UNKNOWN" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** References to who was there, newest first: what was known when it was first asked for. */
  ReadExposures: {
    method: "GET";
    path: "/issuer/v1/exposure-queries/{queryId}/checkins";
    parameters: { queryId: string; };
    query: { cursor?: string; limit?: number; };
    header: {};
    body: null;
    status: 200;
    answer: ExposedCheckInPage;
    codes: "EXPOSURE_QUERY_EXPIRED" | "EXPOSURE_QUERY_NOT_APPROVED" | "EXPOSURE_QUERY_UNKNOWN" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Record evidence, item by item; repeating an item is the same item. No route takes a colour. */
  ReportHealthEvidence: {
    method: "POST";
    path: "/issuer/v1/health-evidence";
    parameters: {};
    query: {};
    header: {};
    body: ReportEvidences;
    status: 200;
    answer: EvidenceReceipt;
    codes: "ENDINGS_UNHEARD" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /**
   * Record facts, one by one; repeating one is the same one. What follows from them is planned anew.
   *
   * Five hundred take about a second. Where it takes too long and the answer is 503, some may be recorded:
   * send all of them again, those come back as `REPEATED`.
   */
  ReportFacts: {
    method: "POST";
    path: "/issuer/v1/reminders/facts";
    parameters: {};
    query: {};
    header: {};
    body: ReportFacts;
    status: 200;
    answer: FactReceipt;
    codes: "ENDINGS_UNHEARD" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Trade a client assertion for an access token (RFC 7523, `private_key_jwt`). */
  IssuerSignIn: {
    method: "POST";
    path: "/issuer/v1/session";
    parameters: {};
    query: {};
    header: {};
    body: IssuerSignIn;
    status: 201;
    answer: IssuerSession;
    codes: "ASSERTION_REFUSED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Every type this department may issue, with its fields: which are required, which can be shown. */
  ListCredentialTypes: {
    method: "GET";
    path: "/issuer/v1/types";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: CredentialTypeInfo[];
    codes: "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE";
  };
  /** Answer, whatever else is down: restart the process only if this fails. */
  Alive: {
    method: "GET";
    path: "/livez";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: Liveness;
    codes: never;
  };
  /** Level, ways in, merges and what happened lately, in one call. */
  ReadAccount: {
    method: "GET";
    path: "/mp/v1/account";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: Account;
    codes: "NOT_WHILE_ACTING" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "UNAVAILABLE";
  };
  /** What was proved by it counts no more (PIPL Art. 15); every session ends: sign in again. */
  WithdrawConsent: {
    method: "DELETE";
    path: "/mp/v1/account/consents/{purpose}";
    parameters: { purpose: string; };
    query: {};
    header: { "X-Step-Up"?: string; };
    body: null;
    status: 204;
    answer: null;
    codes: "CONSENT_UNKNOWN" | "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_CHALLENGE_REFUSED" | "STEP_UP_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Within the seven days; asks for nothing but a session. */
  CancelDeletion: {
    method: "DELETE";
    path: "/mp/v1/account/deletion";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 204;
    answer: null;
    codes: "DELETION_BEGUN" | "DELETION_UNKNOWN" | "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE";
  };
  /** To be shown before it is asked for; also whether it is under way. */
  ReadDeletion: {
    method: "GET";
    path: "/mp/v1/account/deletion";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: DeletionConsequences;
    codes: "NOT_WHILE_ACTING" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "UNAVAILABLE";
  };
  /** In seven days, unless it is taken back; asks for a fresh proof. */
  RequestDeletion: {
    method: "POST";
    path: "/mp/v1/account/deletion";
    parameters: {};
    query: {};
    header: { "Idempotency-Key": string; "X-Step-Up"?: string; };
    body: null;
    status: 201;
    answer: DeletionReceipt;
    codes: "ENDINGS_UNHEARD" | "IDEMPOTENCY_KEY_REUSED" | "NOT_WHILE_ACTING" | "REQUEST_UNDER_WAY" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_CHALLENGE_REFUSED" | "STEP_UP_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** For whoever holds the receipt, before the account is gone and after. */
  FetchDeletionCertificate: {
    method: "POST";
    path: "/mp/v1/account/deletion/certificate";
    parameters: {};
    query: {};
    header: {};
    body: FetchDeletionCertificate;
    status: 200;
    answer: DeletionCertificate;
    codes: "DELETION_UNKNOWN" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /**
   * The whole account, in the clear (PIPL Art. 45); asks for a fresh proof.
   *
   * What else is held has calls of its own: usage records, health code, timeline, notices, devices.
   */
  ExportAccount: {
    method: "GET";
    path: "/mp/v1/account/export";
    parameters: {};
    query: {};
    header: { "X-Step-Up"?: string; };
    body: null;
    status: 200;
    answer: AccountExport;
    codes: "NOT_WHILE_ACTING" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_CHALLENGE_REFUSED" | "STEP_UP_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** The person's face against the name and number of the account; the provider shows where. */
  StartFaceCheck: {
    method: "POST";
    path: "/mp/v1/account/face-checks";
    parameters: {};
    query: {};
    header: { "Idempotency-Key": string; "X-Step-Up"?: string; };
    body: StartFaceCheck;
    status: 201;
    answer: FaceCheckBegun;
    codes: "CHILD_NEEDS_GUARDIAN" | "ENDINGS_UNHEARD" | "IDEMPOTENCY_KEY_REUSED" | "NOT_WHILE_ACTING" | "PROVIDER_BUSY" | "PROVIDER_NOT_OFFERED" | "PROVIDER_UNAVAILABLE" | "REQUEST_UNDER_WAY" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_CHALLENGE_REFUSED" | "STEP_UP_REQUIRED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Asked of the provider by us; passed, it makes L3. */
  ConcludeFaceCheck: {
    method: "POST";
    path: "/mp/v1/account/face-checks/{checkId}/result";
    parameters: { checkId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: FaceCheckResult;
    codes: "CONSENT_UNKNOWN" | "ENDINGS_UNHEARD" | "FACE_CHECK_UNKNOWN" | "NOT_WHILE_ACTING" | "PROVIDER_BUSY" | "PROVIDER_NOT_OFFERED" | "PROVIDER_UNAVAILABLE" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Proved from both sides: a fresh sign-in here, a one-time code there. It may open a merge. */
  AddLink: {
    method: "POST";
    path: "/mp/v1/account/links";
    parameters: {};
    query: {};
    header: { "Idempotency-Key": string; "X-Step-Up"?: string; };
    body: AddLink;
    status: 201;
    answer: LinkResult;
    codes: "CODE_ALREADY_USED" | "CODE_REJECTED" | "ENDINGS_UNHEARD" | "IDEMPOTENCY_KEY_REUSED" | "LINK_TAKEN" | "NOT_WHILE_ACTING" | "PROVIDER_ACCOUNT_BLOCKED" | "PROVIDER_BUSY" | "PROVIDER_NOT_OFFERED" | "PROVIDER_UNAVAILABLE" | "REQUEST_UNDER_WAY" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_CHALLENGE_REFUSED" | "STEP_UP_REQUIRED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Link whom the resident came back as; after any refusal begin again. It may open a merge. */
  LinkCitizenCloud: {
    method: "POST";
    path: "/mp/v1/account/links/oidc";
    parameters: {};
    query: {};
    header: { "Idempotency-Key": string; "X-Device-Id": string; };
    body: OidcSignIn;
    status: 201;
    answer: LinkResult;
    codes: "CODE_REJECTED" | "ENDINGS_UNHEARD" | "IDEMPOTENCY_KEY_REUSED" | "LINK_TAKEN" | "NOT_WHILE_ACTING" | "PROVIDER_BUSY" | "PROVIDER_MIXED_UP" | "PROVIDER_NOT_OFFERED" | "PROVIDER_TOKEN_ALGORITHM" | "PROVIDER_TOKEN_AUDIENCE" | "PROVIDER_TOKEN_FORGED" | "PROVIDER_TOKEN_ISSUER" | "PROVIDER_TOKEN_KEY" | "PROVIDER_TOKEN_KIND" | "PROVIDER_TOKEN_NONCE" | "PROVIDER_TOKEN_TIME" | "PROVIDER_TOKEN_UNREADABLE" | "PROVIDER_UNAVAILABLE" | "REQUEST_UNDER_WAY" | "SESSION_ENDED" | "SIGN_IN_FLOW_ELSEWHERE" | "SIGN_IN_FLOW_ENDED" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Where to send the resident; finish within ten minutes in the same session on the same device. */
  BeginCitizenCloudLink: {
    method: "POST";
    path: "/mp/v1/account/links/oidc/begin";
    parameters: {};
    query: {};
    header: { "X-Device-Id": string; "X-Step-Up"?: string; };
    body: null;
    status: 201;
    answer: SignInBegun;
    codes: "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "PROVIDER_BUSY" | "PROVIDER_NOT_OFFERED" | "PROVIDER_UNAVAILABLE" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_CHALLENGE_REFUSED" | "STEP_UP_REQUIRED" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Sessions begun through it end. The last way in stays. */
  RemoveLink: {
    method: "DELETE";
    path: "/mp/v1/account/links/{linkId}";
    parameters: { linkId: string; };
    query: {};
    header: { "X-Step-Up"?: string; };
    body: null;
    status: 204;
    answer: null;
    codes: "ENDINGS_UNHEARD" | "LAST_WAY_IN" | "LINK_UNKNOWN" | "NOT_WHILE_ACTING" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_CHALLENGE_REFUSED" | "STEP_UP_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Within thirty days both accounts are restored; both sign in again. */
  UndoMerge: {
    method: "POST";
    path: "/mp/v1/account/merges/{mergeId}/undo";
    parameters: { mergeId: string; };
    query: {};
    header: { "X-Step-Up"?: string; };
    body: null;
    status: 200;
    answer: MergeInfo;
    codes: "ENDINGS_UNHEARD" | "MERGE_NOT_REVERSIBLE" | "MERGE_UNKNOWN" | "NOT_WHILE_ACTING" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_CHALLENGE_REFUSED" | "STEP_UP_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Six digits, ten minutes, once, five tries. The answer is the same whoever's the phone is. */
  SendPhoneCode: {
    method: "POST";
    path: "/mp/v1/account/phone/codes";
    parameters: {};
    query: {};
    header: { "Idempotency-Key": string; "X-Device-Id"?: string; "X-Step-Up"?: string; };
    body: SendPhoneCode;
    status: 201;
    answer: PhoneCodeSent;
    codes: "ENDINGS_UNHEARD" | "IDEMPOTENCY_KEY_REUSED" | "NOT_WHILE_ACTING" | "PROVIDER_NOT_OFFERED" | "REQUEST_UNDER_WAY" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "SMS_UNAVAILABLE" | "STEP_UP_CHALLENGE_REFUSED" | "STEP_UP_REQUIRED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Bind the phone the provider holds of this person (`getPhoneNumber`). */
  BindPhoneByCode: {
    method: "POST";
    path: "/mp/v1/account/phone/codes/{provider}";
    parameters: { provider: string; };
    query: {};
    header: { "X-Step-Up"?: string; };
    body: BindPhoneByCode;
    status: 200;
    answer: PhoneBound;
    codes: "CODE_ALREADY_USED" | "CODE_REJECTED" | "ENDINGS_UNHEARD" | "LINK_UNKNOWN" | "NOT_WHILE_ACTING" | "PHONE_CODE_REJECTED" | "PROVIDER_ACCOUNT_BLOCKED" | "PROVIDER_BUSY" | "PROVIDER_NOT_OFFERED" | "PROVIDER_TOKEN_UNAVAILABLE" | "PROVIDER_UNAVAILABLE" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_CHALLENGE_REFUSED" | "STEP_UP_REQUIRED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Bind the phone in the packet (`my.getPhoneNumber`). */
  BindPhoneByPacket: {
    method: "POST";
    path: "/mp/v1/account/phone/packets/{provider}";
    parameters: { provider: string; };
    query: {};
    header: { "X-Step-Up"?: string; };
    body: BindPhoneByPacket;
    status: 200;
    answer: PhoneBound;
    codes: "CODE_ALREADY_USED" | "CODE_REJECTED" | "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "PHONE_PACKET_REFUSED" | "PROVIDER_ACCOUNT_BLOCKED" | "PROVIDER_BUSY" | "PROVIDER_NOT_OFFERED" | "PROVIDER_UNAVAILABLE" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_CHALLENGE_REFUSED" | "STEP_UP_REQUIRED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Bind the phone the code was sent to; the session that asked for it, and no other. */
  BindPhoneBySms: {
    method: "POST";
    path: "/mp/v1/account/phone/sms";
    parameters: {};
    query: {};
    header: {};
    body: BindPhoneBySms;
    status: 200;
    answer: PhoneBound;
    codes: "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "PHONE_CODE_REJECTED" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /**
   * Two elements against the population registry make L2; needs a bound phone.
   *
   * Under fourteen a guardian acts instead, with an account of their own.
   */
  ProveRealName: {
    method: "POST";
    path: "/mp/v1/account/real-name";
    parameters: {};
    query: {};
    header: { "X-Step-Up"?: string; };
    body: ProveRealName;
    status: 200;
    answer: RealNameResult;
    codes: "CHILD_NEEDS_GUARDIAN" | "CONSENT_UNKNOWN" | "ENDINGS_UNHEARD" | "IDENTITY_ALREADY_PROVED" | "IDENTITY_NOT_CONFIRMED" | "NOT_WHILE_ACTING" | "PROVIDER_NOT_OFFERED" | "REGISTRY_UNAVAILABLE" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_CHALLENGE_REFUSED" | "STEP_UP_REQUIRED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Proved after the challenge was given, in this session, for `step-up`; each answers once. */
  AnswerByCertificate: {
    method: "POST";
    path: "/mp/v1/account/step-up/certificate";
    parameters: {};
    query: {};
    header: {};
    body: AnswerByCertificate;
    status: 200;
    answer: StepUpAnswered;
    codes: "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "SIGN_IN_REQUIRED" | "STEP_UP_CHALLENGE_REFUSED" | "STEP_UP_NOT_PROVED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** A check begun after the challenge was given, and passed; each answers once. */
  AnswerByFace: {
    method: "POST";
    path: "/mp/v1/account/step-up/face";
    parameters: {};
    query: {};
    header: {};
    body: AnswerByFace;
    status: 200;
    answer: StepUpAnswered;
    codes: "ENDINGS_UNHEARD" | "FACE_CHECK_UNKNOWN" | "NOT_WHILE_ACTING" | "PROVIDER_BUSY" | "PROVIDER_NOT_OFFERED" | "PROVIDER_UNAVAILABLE" | "SIGN_IN_REQUIRED" | "STEP_UP_CHALLENGE_REFUSED" | "STEP_UP_NOT_PROVED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** What the resident came back with, if it leads to this account; after any refusal begin again. */
  AnswerByCitizenCloud: {
    method: "POST";
    path: "/mp/v1/account/step-up/oidc";
    parameters: {};
    query: {};
    header: { "X-Device-Id": string; };
    body: AnswerElsewhere;
    status: 200;
    answer: StepUpAnswered;
    codes: "CODE_REJECTED" | "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "PROVIDER_BUSY" | "PROVIDER_MIXED_UP" | "PROVIDER_NOT_OFFERED" | "PROVIDER_TOKEN_ALGORITHM" | "PROVIDER_TOKEN_AUDIENCE" | "PROVIDER_TOKEN_FORGED" | "PROVIDER_TOKEN_ISSUER" | "PROVIDER_TOKEN_KEY" | "PROVIDER_TOKEN_KIND" | "PROVIDER_TOKEN_NONCE" | "PROVIDER_TOKEN_TIME" | "PROVIDER_TOKEN_UNREADABLE" | "PROVIDER_UNAVAILABLE" | "SIGN_IN_FLOW_ELSEWHERE" | "SIGN_IN_FLOW_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_CHALLENGE_REFUSED" | "STEP_UP_NOT_PROVED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Where to send the resident; finish while the challenge lives, on the same device. */
  BeginCitizenCloudAnswer: {
    method: "POST";
    path: "/mp/v1/account/step-up/oidc/begin";
    parameters: {};
    query: {};
    header: { "X-Device-Id": string; };
    body: BeginAnswerElsewhere;
    status: 201;
    answer: SignInBegun;
    codes: "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "PROVIDER_BUSY" | "PROVIDER_NOT_OFFERED" | "PROVIDER_UNAVAILABLE" | "SIGN_IN_REQUIRED" | "STEP_UP_CHALLENGE_REFUSED" | "STEP_UP_NOT_PROVED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** The code that was sent for this challenge. */
  AnswerByPhone: {
    method: "POST";
    path: "/mp/v1/account/step-up/phone";
    parameters: {};
    query: {};
    header: {};
    body: AnswerByPhone;
    status: 200;
    answer: StepUpAnswered;
    codes: "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "PHONE_CODE_REJECTED" | "SIGN_IN_REQUIRED" | "STEP_UP_CHALLENGE_REFUSED" | "STEP_UP_NOT_PROVED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /**
   * To the phone that is bound, for this challenge only; asked again, another code.
   *
   * For three days after another phone took its place, to the former one.
   */
  SendStepUpCode: {
    method: "POST";
    path: "/mp/v1/account/step-up/phone/codes";
    parameters: {};
    query: {};
    header: { "X-Device-Id"?: string; };
    body: SendStepUpCode;
    status: 201;
    answer: PhoneCodeSent;
    codes: "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "NO_PHONE_BOUND" | "PROVIDER_NOT_OFFERED" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "SMS_UNAVAILABLE" | "STEP_UP_CHALLENGE_REFUSED" | "STEP_UP_NOT_PROVED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** A fresh code of a provider that leads to this account. */
  AnswerByProvider: {
    method: "POST";
    path: "/mp/v1/account/step-up/provider";
    parameters: {};
    query: {};
    header: {};
    body: AnswerByProvider;
    status: 200;
    answer: StepUpAnswered;
    codes: "CODE_ALREADY_USED" | "CODE_REJECTED" | "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "PROVIDER_ACCOUNT_BLOCKED" | "PROVIDER_BUSY" | "PROVIDER_NOT_OFFERED" | "PROVIDER_UNAVAILABLE" | "SIGN_IN_REQUIRED" | "STEP_UP_CHALLENGE_REFUSED" | "STEP_UP_NOT_PROVED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** For whom the presented token acts, and for whom the caller may. */
  ReadActing: {
    method: "GET";
    path: "/mp/v1/acting";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: ActingOverview;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "UNAVAILABLE";
  };
  /** A new access token with an `act` claim; it outlives neither the grant nor the session. */
  SwitchActing: {
    method: "POST";
    path: "/mp/v1/acting";
    parameters: {};
    query: {};
    header: {};
    body: SwitchActing;
    status: 200;
    answer: ActingSession;
    codes: "ACTING_NOT_OFFERED" | "ENDINGS_UNHEARD" | "FAMILY_REGISTER_UNAVAILABLE" | "GRANT_NOT_IN_FORCE" | "GRANT_UNKNOWN" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** A new access token in one's own name. */
  SwitchBack: {
    method: "POST";
    path: "/mp/v1/acting/back";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: ActingSession;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "UNAVAILABLE";
  };
  /** Certificates in the caller's wallet, each with its status and why it stands so. */
  ListCredentials: {
    method: "GET";
    path: "/mp/v1/credentials";
    parameters: {};
    query: { cursor?: string; limit?: number; };
    header: {};
    body: null;
    status: 200;
    answer: CredentialPage;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** One certificate with its fields, and the scenes it can be shown in. */
  ReadCredential: {
    method: "GET";
    path: "/mp/v1/credentials/{credentialId}";
    parameters: { credentialId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: CredentialDetail;
    codes: "CREDENTIAL_UNKNOWN" | "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Every grant the caller is a side of, newest first, ended ones too. */
  ListGrants: {
    method: "GET";
    path: "/mp/v1/grants";
    parameters: {};
    query: { cursor?: string; limit?: number; };
    header: {};
    body: null;
    status: 200;
    answer: ActingGrantPage;
    codes: "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** The legal representative offers; the agent confirms in their own session, within a week. */
  AppointAgent: {
    method: "POST";
    path: "/mp/v1/grants/enterprise";
    parameters: {};
    query: {};
    header: { "Idempotency-Key": string; };
    body: AppointAgent;
    status: 201;
    answer: ActingGrant;
    codes: "ACTING_NOT_OFFERED" | "ENDINGS_UNHEARD" | "GRANT_STANDS_ALREADY" | "IDEMPOTENCY_KEY_REUSED" | "NOT_FOR_YOURSELF" | "NOT_LEGAL_REPRESENTATIVE" | "NOT_WHILE_ACTING" | "REQUEST_UNDER_WAY" | "SCOPE_NOT_GRANTABLE" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "TERM_NOT_GRANTABLE" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** They confirm in their own session, or read out the code they see there. */
  AskRelative: {
    method: "POST";
    path: "/mp/v1/grants/family";
    parameters: {};
    query: {};
    header: { "Idempotency-Key": string; };
    body: AskRelative;
    status: 201;
    answer: ActingGrant;
    codes: "ENDINGS_UNHEARD" | "GRANT_STANDS_ALREADY" | "IDEMPOTENCY_KEY_REUSED" | "NOT_FOR_YOURSELF" | "NOT_WHILE_ACTING" | "REQUEST_UNDER_WAY" | "SCOPE_NOT_GRANTABLE" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "TERM_NOT_GRANTABLE" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** In force at once if the family register says so; ends on the child's 18th birthday. */
  ClaimChild: {
    method: "POST";
    path: "/mp/v1/grants/guardian";
    parameters: {};
    query: {};
    header: { "Idempotency-Key": string; "X-Step-Up"?: string; };
    body: ClaimChild;
    status: 201;
    answer: ActingGrant;
    codes: "ACTING_NOT_OFFERED" | "ENDINGS_UNHEARD" | "FAMILY_REGISTER_UNAVAILABLE" | "GRANT_STANDS_ALREADY" | "IDEMPOTENCY_KEY_REUSED" | "NOT_A_GUARDIAN" | "NOT_FOR_YOURSELF" | "NOT_WHILE_ACTING" | "REQUEST_UNDER_WAY" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_CHALLENGE_REFUSED" | "STEP_UP_REQUIRED" | "TOO_LARGE" | "TOO_MANY_GUARDIANS" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** From either side, but a guardian's; tokens of it are refused in every process within a second. */
  EndGrant: {
    method: "DELETE";
    path: "/mp/v1/grants/{grantId}";
    parameters: { grantId: string; };
    query: {};
    header: {};
    body: null;
    status: 204;
    answer: null;
    codes: "ENDINGS_UNHEARD" | "GRANT_UNKNOWN" | "GUARDIANSHIP_STANDS" | "NOT_WHILE_ACTING" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Put an offer in force; confirmed again it is the same. */
  ConfirmGrant: {
    method: "POST";
    path: "/mp/v1/grants/{grantId}/confirm";
    parameters: { grantId: string; };
    query: {};
    header: {};
    body: ConfirmGrant;
    status: 200;
    answer: ActingGrant;
    codes: "CONFIRMATION_CODE_WRONG" | "ENDINGS_UNHEARD" | "GRANT_UNKNOWN" | "NOT_WHILE_ACTING" | "NOT_YOURS_TO_CONFIRM" | "OFFER_LAPSED" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** The colour with every reason, what clears it and when it changes by itself. */
  ReadHealthCode: {
    method: "GET";
    path: "/mp/v1/health-code";
    parameters: {};
    query: {};
    header: { "If-None-Match"?: string; };
    body: null;
    status: 200;
    answer: HealthCode;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "HEALTH_CODE_UNAVAILABLE" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** One's own appeals, newest first. */
  ListAppeals: {
    method: "GET";
    path: "/mp/v1/health-code/appeals";
    parameters: {};
    query: { cursor?: string; limit?: number; };
    header: {};
    body: null;
    status: 200;
    answer: AppealInfoPage;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Appeal against a reason of one's code (信息纠错), or against a grey one; decided within a day. */
  FileAppeal: {
    method: "POST";
    path: "/mp/v1/health-code/appeals";
    parameters: {};
    query: {};
    header: { "Idempotency-Key": string; };
    body: FileAppeal;
    status: 201;
    answer: AppealInfo;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "IDEMPOTENCY_KEY_REUSED" | "NOT_A_DECISIVE_REASON" | "REQUEST_UNDER_WAY" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** One of one's own appeals. */
  ReadAppeal: {
    method: "GET";
    path: "/mp/v1/health-code/appeals/{appealId}";
    parameters: { appealId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: AppealInfo;
    codes: "APPEAL_UNKNOWN" | "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Add a file of 1 MiB at most; four an appeal. */
  AttachToAppeal: {
    method: "POST";
    path: "/mp/v1/health-code/appeals/{appealId}/attachments";
    parameters: { appealId: string; };
    query: {};
    header: {};
    body: AttachFile;
    status: 201;
    answer: AppealInfo;
    codes: "APPEAL_NOT_OPEN" | "APPEAL_UNKNOWN" | "ATTACHMENT_UNFIT" | "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Take an appeal back that is not decided; it stays on record. */
  WithdrawAppeal: {
    method: "POST";
    path: "/mp/v1/health-code/appeals/{appealId}/withdraw";
    parameters: { appealId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: AppealInfo;
    codes: "APPEAL_NOT_OPEN" | "APPEAL_UNKNOWN" | "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** What it proves becomes evidence, with its source and age, and is judged by the rules here. */
  BringCertificate: {
    method: "POST";
    path: "/mp/v1/health-code/certificates";
    parameters: {};
    query: {};
    header: {};
    body: BringCertificate;
    status: 201;
    answer: CarriedCertificate;
    codes: "CERTIFICATE_ISSUER_AWAY" | "CERTIFICATE_NOT_BELIEVED" | "CERTIFICATE_OF_ANOTHER" | "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** A code for a minute. */
  ShowHealthCode: {
    method: "POST";
    path: "/mp/v1/health-code/codes";
    parameters: {};
    query: {};
    header: {};
    body: ShowHealthCode;
    status: 201;
    answer: HealthCodeTicket;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "HEALTH_CODE_UNAVAILABLE" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Both, or neither; the certificate can be used once, as if shown alone. */
  ShowCombinedCode: {
    method: "POST";
    path: "/mp/v1/health-code/combined";
    parameters: {};
    query: {};
    header: {};
    body: ShowCredential;
    status: 201;
    answer: CombinedTicket;
    codes: "CLAIM_NOT_DISCLOSABLE" | "CREDENTIAL_NOT_SHOWABLE" | "CREDENTIAL_UNKNOWN" | "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "HEALTH_CODE_UNAVAILABLE" | "SCENE_NOT_ALLOWED" | "SCENE_UNKNOWN" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Temperature and symptoms now. Only whether it is a fever is kept of the temperature. */
  DeclareHealth: {
    method: "POST";
    path: "/mp/v1/health-code/declarations/health";
    parameters: {};
    query: {};
    header: { "Idempotency-Key": string; };
    body: DeclareHealth;
    status: 201;
    answer: Declaration;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "IDEMPOTENCY_KEY_REUSED" | "REQUEST_UNDER_WAY" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** An area and the last day there. */
  DeclareTravel: {
    method: "POST";
    path: "/mp/v1/health-code/declarations/travel";
    parameters: {};
    query: {};
    header: { "Idempotency-Key": string; };
    body: DeclareTravel;
    status: 201;
    answer: Declaration;
    codes: "DIVISION_UNKNOWN" | "ENDINGS_UNHEARD" | "EVIDENCE_INVALID" | "GRANT_NOT_IN_FORCE" | "IDEMPOTENCY_KEY_REUSED" | "REQUEST_UNDER_WAY" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Server-sent events: a `code` event now and at each change, until the session or its token ends. */
  FollowHealthCode: {
    method: "GET";
    path: "/mp/v1/health-code/events";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: ArrayBuffer;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "HEALTH_CODE_UNAVAILABLE" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "TOO_MANY_LISTENERS" | "UNAVAILABLE";
  };
  /** Everybody in my list whose grant is in force, with their colours, in one call. */
  ListFamilyHealthCodes: {
    method: "GET";
    path: "/mp/v1/health-code/family";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: FamilyHealthCodes;
    codes: "ENDINGS_UNHEARD" | "HEALTH_CODE_UNAVAILABLE" | "NOT_WHILE_ACTING" | "SCOPE_MISSING" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "UNAVAILABLE";
  };
  /** By a grant to act for them, as a guardian or as family. Added again it is the same. */
  AddFamilyHealthCode: {
    method: "POST";
    path: "/mp/v1/health-code/family";
    parameters: {};
    query: {};
    header: {};
    body: AddFamilyMember;
    status: 201;
    answer: FamilyHealthCode;
    codes: "ACTING_NOT_OFFERED" | "ENDINGS_UNHEARD" | "FAMILY_FULL" | "FAMILY_REGISTER_UNAVAILABLE" | "GRANT_NOT_IN_FORCE" | "GRANT_UNKNOWN" | "GUARDIANS_FULL" | "HEALTH_CODE_UNAVAILABLE" | "NOT_WHILE_ACTING" | "SCOPE_MISSING" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** No-op if they are not in it; the grant stays what it is. */
  RemoveFamilyHealthCode: {
    method: "DELETE";
    path: "/mp/v1/health-code/family/{grantId}";
    parameters: { grantId: string; };
    query: {};
    header: {};
    body: null;
    status: 204;
    answer: null;
    codes: "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** A code for a minute; the grant must be in force now. */
  ShowFamilyHealthCode: {
    method: "POST";
    path: "/mp/v1/health-code/family/{grantId}/codes";
    parameters: { grantId: string; };
    query: {};
    header: {};
    body: null;
    status: 201;
    answer: HealthCodeTicket;
    codes: "ACTING_NOT_OFFERED" | "ENDINGS_UNHEARD" | "FAMILY_MEMBER_UNKNOWN" | "FAMILY_REGISTER_UNAVAILABLE" | "GRANT_NOT_IN_FORCE" | "GRANT_UNKNOWN" | "HEALTH_CODE_UNAVAILABLE" | "NOT_WHILE_ACTING" | "SCOPE_MISSING" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Each entry with its reason, both organisations, and until when it counts. */
  ListManualAboutMe: {
    method: "GET";
    path: "/mp/v1/health-code/manual";
    parameters: {};
    query: { cursor?: string; limit?: number; };
    header: {};
    body: null;
    status: 200;
    answer: ManualAboutPage;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Fetch it ahead, once an hour at most; 304 while it would say the same as the one held. */
  FetchOfflineHealthCode: {
    method: "GET";
    path: "/mp/v1/health-code/offline";
    parameters: {};
    query: {};
    header: { "If-None-Match"?: string; };
    body: null;
    status: 200;
    answer: OfflineHealthCode;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "HEALTH_CODE_UNAVAILABLE" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Nobody is let in by it any more; no-op if there is none. */
  ReportPaperHealthCodeLost: {
    method: "DELETE";
    path: "/mp/v1/health-code/paper";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 204;
    answer: null;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "UNAVAILABLE";
  };
  /** The one in force, to be printed again. */
  ReadPaperHealthCode: {
    method: "GET";
    path: "/mp/v1/health-code/paper";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: PaperHealthCode;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "PAPER_CODE_UNKNOWN" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "UNAVAILABLE";
  };
  /** For 180 days. The one before is dead at once. */
  IssuePaperHealthCode: {
    method: "POST";
    path: "/mp/v1/health-code/paper";
    parameters: {};
    query: {};
    header: { "Idempotency-Key": string; };
    body: null;
    status: 201;
    answer: PaperHealthCode;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "IDEMPOTENCY_KEY_REUSED" | "REQUEST_UNDER_WAY" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "VALIDATION";
  };
  /** For a phone. */
  DrawPaperHealthCodePng: {
    method: "GET";
    path: "/mp/v1/health-code/paper/qr.png";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: ArrayBuffer;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "PAPER_CODE_UNKNOWN" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "UNAVAILABLE";
  };
  /** For print. */
  DrawPaperHealthCodeSvg: {
    method: "GET";
    path: "/mp/v1/health-code/paper/qr.svg";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: ArrayBuffer;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "PAPER_CODE_UNKNOWN" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "UNAVAILABLE";
  };
  /** Blocks that fail one by one; 304 if none changed since the given `ETag`. */
  Home: {
    method: "GET";
    path: "/mp/v1/home";
    parameters: {};
    query: {};
    header: { "If-None-Match"?: string; };
    body: null;
    status: 200;
    answer: Home;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** For this session and this purpose only; sign it within five minutes. */
  AskLegalPersonChallenge: {
    method: "POST";
    path: "/mp/v1/legal-person/challenges";
    parameters: {};
    query: {};
    header: {};
    body: AskLegalPersonChallenge;
    status: 201;
    answer: LegalPersonChallenge;
    codes: "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "PROVIDER_NOT_OFFERED" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** For `level` renew the session afterwards: the next access token is at L3C. */
  ProveLegalPerson: {
    method: "POST";
    path: "/mp/v1/legal-person/proofs";
    parameters: {};
    query: {};
    header: {};
    body: ProveLegalPerson;
    status: 201;
    answer: LegalPersonProved;
    codes: "CERTIFICATE_CHALLENGE_ENDED" | "CERTIFICATE_EXPIRED" | "CERTIFICATE_OF_NO_LEGAL_PERSON" | "CERTIFICATE_REVOKED" | "CERTIFICATE_SIGNATURE_REFUSED" | "CERTIFICATE_UNKNOWN_TO_ISSUER" | "CERTIFICATE_UNREADABLE" | "CERTIFICATE_UNTRUSTED" | "CHILD_NEEDS_GUARDIAN" | "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "PROVIDER_NOT_OFFERED" | "REPRESENTATIVE_DIFFERS" | "REVOCATION_UNKNOWN" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Newest first, page by page, with the count of all that are unread. */
  ListNotices: {
    method: "GET";
    path: "/mp/v1/notices";
    parameters: {};
    query: { cursor?: string; limit?: number; topic?: string; };
    header: {};
    body: null;
    status: 200;
    answer: NoticePage;
    codes: "NOT_WHILE_ACTING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Let every notice be read that the caller has seen. */
  ReadAllNotices: {
    method: "POST";
    path: "/mp/v1/notices/read-all";
    parameters: {};
    query: {};
    header: {};
    body: ReadAllNotices;
    status: 200;
    answer: UnreadCount;
    codes: "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /**
   * Server-sent events until the session ends: `notice` for each that comes, `unread` when it changes.
   *
   * With `Last-Event-ID`, what came since is sent first; a notice may come again under its own id.
   */
  FollowNotices: {
    method: "GET";
    path: "/mp/v1/notices/stream";
    parameters: {};
    query: {};
    header: { "Last-Event-ID"?: string; };
    body: null;
    status: 200;
    answer: ArrayBuffer;
    codes: "NOT_WHILE_ACTING" | "SIGN_IN_REQUIRED" | "TOO_MANY_LISTENERS" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Let one notice be read; read again it stays so. */
  ReadNotice: {
    method: "POST";
    path: "/mp/v1/notices/{noticeId}/read";
    parameters: { noticeId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: UnreadCount;
    codes: "ENDINGS_UNHEARD" | "NOTICE_UNKNOWN" | "NOT_WHILE_ACTING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Open a one-time code for a certificate the caller holds (亮证). */
  ShowCredential: {
    method: "POST";
    path: "/mp/v1/presentations";
    parameters: {};
    query: {};
    header: {};
    body: ShowCredential;
    status: 201;
    answer: PresentationTicket;
    codes: "CLAIM_NOT_DISCLOSABLE" | "CREDENTIAL_NOT_SHOWABLE" | "CREDENTIAL_UNKNOWN" | "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "SCENE_NOT_ALLOWED" | "SCENE_UNKNOWN" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** End the code now; no-op if it ended already. */
  WithdrawPresentation: {
    method: "DELETE";
    path: "/mp/v1/presentations/{presentationId}";
    parameters: { presentationId: string; };
    query: {};
    header: {};
    body: null;
    status: 204;
    answer: null;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "PRESENTATION_UNKNOWN" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Whether the code is still open, who used it, or that it ended. */
  FollowPresentation: {
    method: "GET";
    path: "/mp/v1/presentations/{presentationId}";
    parameters: { presentationId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: PresentationProgress;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "PRESENTATION_UNKNOWN" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Every topic: what it rests on, the words, and every decision on record. */
  ListTopicConsents: {
    method: "GET";
    path: "/mp/v1/push/consents";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: TopicConsent[];
    codes: "NOT_WHILE_ACTING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE";
  };
  /** Given to the words that were shown, for one topic and nothing else (单独同意). */
  GiveTopicConsent: {
    method: "POST";
    path: "/mp/v1/push/consents";
    parameters: {};
    query: {};
    header: {};
    body: GiveTopicConsent;
    status: 204;
    answer: null;
    codes: "CONSENT_TEXT_OUTDATED" | "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "NOT_YOURS_TO_DECIDE" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "TOPIC_RESTS_ON_LAW" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /**
   * One call, no proof, no reason; from the next message on nothing of it is sent.
   *
   * With `child` for that child alone, without for everybody, whatever was agreed to for one.
   */
  RefuseTopic: {
    method: "DELETE";
    path: "/mp/v1/push/consents/{topic}";
    parameters: { topic: string; };
    query: { child?: string; };
    header: {};
    body: null;
    status: 204;
    answer: null;
    codes: "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "NOT_YOURS_TO_DECIDE" | "SIGN_IN_REQUIRED" | "TOPIC_RESTS_ON_LAW" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Where I am reached, and where I could be. */
  ListPushDevices: {
    method: "GET";
    path: "/mp/v1/push/devices";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: PushDevices;
    codes: "NOT_WHILE_ACTING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE";
  };
  /** Register this device, or say that it is still there. It is the caller's now, whoever's it was. */
  RegisterPushDevice: {
    method: "PUT";
    path: "/mp/v1/push/devices";
    parameters: {};
    query: {};
    header: { "X-Device-Id"?: string; };
    body: RegisterPushDevice;
    status: 200;
    answer: PushDevice;
    codes: "DEVICE_NOT_USABLE" | "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "PUSH_KIND_NOT_OFFERED" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Send nothing to that device; an app that signs out says so first. */
  ForgetPushDevice: {
    method: "DELETE";
    path: "/mp/v1/push/devices/{deviceId}";
    parameters: { deviceId: string; };
    query: {};
    header: {};
    body: null;
    status: 204;
    answer: null;
    codes: "DEVICE_UNKNOWN" | "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Channels, quiet hours, topics that are off, language. */
  ReadPushPreferences: {
    method: "GET";
    path: "/mp/v1/push/preferences";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: PushPreferences;
    codes: "NOT_WHILE_ACTING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE";
  };
  /** Holds for whatever is sent from now on, also what waits already. */
  SetPushPreferences: {
    method: "PUT";
    path: "/mp/v1/push/preferences";
    parameters: {};
    query: {};
    header: {};
    body: SetPushPreferences;
    status: 200;
    answer: PushPreferences;
    codes: "CHANNEL_NOT_OFFERED" | "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "TOPIC_RESTS_ON_LAW" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Every provider's template that notices go out by, and how many messages of it are allowed. */
  ListSubscriptions: {
    method: "GET";
    path: "/mp/v1/push/subscriptions";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: SubscriptionInfo[];
    codes: "NOT_WHILE_ACTING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE";
  };
  /** Count what a pop-up allowed; told again with the same key, and by the provider, it counts once. */
  ReportSubscriptions: {
    method: "POST";
    path: "/mp/v1/push/subscriptions";
    parameters: {};
    query: {};
    header: { "Idempotency-Key": string; };
    body: ReportSubscriptions;
    status: 200;
    answer: SubscriptionInfo[];
    codes: "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** End this session everywhere. */
  SignOut: {
    method: "DELETE";
    path: "/mp/v1/session";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 204;
    answer: null;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "SIGN_IN_REQUIRED" | "UNAVAILABLE";
  };
  /**
   * Trade the code of `my.getAuthCode` for a session; after any refusal ask it for a new one.
   *
   * Reply lost: the same code from the same device within a minute gets the same session.
   */
  SignInWithAlipay: {
    method: "POST";
    path: "/mp/v1/session/alipay";
    parameters: {};
    query: {};
    header: { "X-Device-Id"?: string; };
    body: AlipaySignIn;
    status: 201;
    answer: Session;
    codes: "ACCOUNT_DISABLED" | "CODE_ALREADY_USED" | "CODE_REJECTED" | "CODE_REPLAYED" | "PROVIDER_BUSY" | "PROVIDER_NOT_OFFERED" | "PROVIDER_UNAVAILABLE" | "REPLY_AMBIGUOUS" | "REPLY_FOREIGN" | "REPLY_OF_UNKNOWN_SERIAL" | "REPLY_STALE" | "REPLY_UNREADABLE" | "REPLY_UNSIGNED" | "REPLY_WEAKLY_HASHED" | "REPLY_WRONGLY_SIGNED" | "SESSION_ENDED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /**
   * Trade what the resident came back with for a session; after any refusal begin again.
   *
   * Reply lost: the same from the same device within a minute gets the same session.
   */
  SignInWithCitizenCloud: {
    method: "POST";
    path: "/mp/v1/session/oidc";
    parameters: {};
    query: {};
    header: { "X-Device-Id": string; };
    body: OidcSignIn;
    status: 201;
    answer: Session;
    codes: "ACCOUNT_DISABLED" | "CODE_REJECTED" | "CODE_REPLAYED" | "PROVIDER_BUSY" | "PROVIDER_MIXED_UP" | "PROVIDER_NOT_OFFERED" | "PROVIDER_TOKEN_ALGORITHM" | "PROVIDER_TOKEN_AUDIENCE" | "PROVIDER_TOKEN_FORGED" | "PROVIDER_TOKEN_ISSUER" | "PROVIDER_TOKEN_KEY" | "PROVIDER_TOKEN_KIND" | "PROVIDER_TOKEN_NONCE" | "PROVIDER_TOKEN_TIME" | "PROVIDER_TOKEN_UNREADABLE" | "PROVIDER_UNAVAILABLE" | "SESSION_ENDED" | "SIGN_IN_FLOW_ELSEWHERE" | "SIGN_IN_FLOW_ENDED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Where to send the resident; finish within ten minutes on the same device. */
  BeginCitizenCloud: {
    method: "POST";
    path: "/mp/v1/session/oidc/begin";
    parameters: {};
    query: {};
    header: { "X-Device-Id": string; };
    body: null;
    status: 201;
    answer: SignInBegun;
    codes: "PROVIDER_BUSY" | "PROVIDER_NOT_OFFERED" | "PROVIDER_UNAVAILABLE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Trade a refresh token for a new pair. Reply lost: the same again within 20 s gets the same. */
  RefreshSession: {
    method: "POST";
    path: "/mp/v1/session/refresh";
    parameters: {};
    query: {};
    header: { "X-Device-Id"?: string; };
    body: SessionRefresh;
    status: 200;
    answer: Session;
    codes: "SESSION_ENDED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /**
   * Trade the code of `wx.login` for a session; after any refusal ask `wx.login` for a new one.
   *
   * Reply lost: the same code from the same device within a minute gets the same session.
   */
  SignInWithWechat: {
    method: "POST";
    path: "/mp/v1/session/wechat";
    parameters: {};
    query: {};
    header: { "X-Device-Id"?: string; };
    body: WechatSignIn;
    status: 201;
    answer: Session;
    codes: "ACCOUNT_DISABLED" | "CODE_ALREADY_USED" | "CODE_REJECTED" | "CODE_REPLAYED" | "PROVIDER_ACCOUNT_BLOCKED" | "PROVIDER_BUSY" | "PROVIDER_UNAVAILABLE" | "SESSION_ENDED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** End all of the caller's sessions but this one. */
  EndOtherSessions: {
    method: "DELETE";
    path: "/mp/v1/sessions";
    parameters: {};
    query: {};
    header: { "X-Step-Up"?: string; };
    body: null;
    status: 200;
    answer: SessionsEnded;
    codes: "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "STEP_UP_CHALLENGE_REFUSED" | "STEP_UP_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Every session of the caller that can still be renewed, newest first. */
  ListSessions: {
    method: "GET";
    path: "/mp/v1/sessions";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: SignedInDevice[];
    codes: "NOT_WHILE_ACTING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE";
  };
  /** End one of the caller's sessions, in every process within a second. */
  EndSession: {
    method: "DELETE";
    path: "/mp/v1/sessions/{sessionId}";
    parameters: { sessionId: string; };
    query: {};
    header: { "X-Step-Up"?: string; };
    body: null;
    status: 204;
    answer: null;
    codes: "ENDINGS_UNHEARD" | "NOT_WHILE_ACTING" | "SESSION_ENDED" | "SESSION_UNKNOWN" | "SIGN_IN_REQUIRED" | "STEP_UP_CHALLENGE_REFUSED" | "STEP_UP_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** What is next first, each with the clause that says so; while acting, of that person alone. */
  ReadTimeline: {
    method: "GET";
    path: "/mp/v1/timeline";
    parameters: {};
    query: { closed?: boolean; cursor?: string; limit?: number; };
    header: {};
    body: null;
    status: 200;
    answer: TimelineEntryPage;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Nothing more is said of it; what the department records stays what it is. */
  FinishItem: {
    method: "POST";
    path: "/mp/v1/timeline/{itemId}/done";
    parameters: { itemId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: TimelineEntry;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "NOT_YOURS_TO_DECIDE" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "TIMELINE_ITEM_UNKNOWN" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Nothing more is said of it. */
  DismissItem: {
    method: "POST";
    path: "/mp/v1/timeline/{itemId}/not-applicable";
    parameters: { itemId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: TimelineEntry;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "NOT_YOURS_TO_DECIDE" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "TIMELINE_ITEM_UNKNOWN" | "UNAVAILABLE" | "VALIDATION";
  };
  /** It is as if nothing had been said; what was held back and is still of use is said. */
  ReopenItem: {
    method: "POST";
    path: "/mp/v1/timeline/{itemId}/reopen";
    parameters: { itemId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: TimelineEntry;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "NOT_YOURS_TO_DECIDE" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "TIMELINE_ITEM_UNKNOWN" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Nothing is said of it until then. Said again it is the same. */
  SnoozeItem: {
    method: "POST";
    path: "/mp/v1/timeline/{itemId}/snooze";
    parameters: { itemId: string; };
    query: {};
    header: {};
    body: SnoozeItem;
    status: 200;
    answer: TimelineEntry;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "NOT_YOURS_TO_DECIDE" | "SIGN_IN_REQUIRED" | "SNOOZE_INVALID" | "STEP_UP_REQUIRED" | "TIMELINE_ITEM_UNKNOWN" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Every use and refused try, newest first: who, where, which fields, with what verdict. */
  ListUsageRecords: {
    method: "GET";
    path: "/mp/v1/usage-records";
    parameters: {};
    query: { cursor?: string; limit?: number; };
    header: {};
    body: null;
    status: 200;
    answer: UsageRecordPage;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Whether one may enter, and why not. No colour ever changes by it. */
  CheckIn: {
    method: "POST";
    path: "/mp/v1/venue-checkins";
    parameters: {};
    query: {};
    header: {};
    body: CheckIn;
    status: 201;
    answer: CheckInReceipt;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "STEP_UP_REQUIRED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION" | "VENUE_CODE_FORGED" | "VENUE_CODE_STALE" | "VENUE_CODE_WITHDRAWN" | "VENUE_UNKNOWN";
  };
  /** Say of each thing we need how it is; 503 while a required one fails. */
  Ready: {
    method: "GET";
    path: "/readyz";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: Readiness;
    codes: never;
  };
  /**
   * Counts by district, colour and reason, entries by hand and appeals; none of fewer than ten people.
   *
   * Counted once an hour, and told in steps of ten.
   */
  HealthStatistics: {
    method: "GET";
    path: "/statistics/v1/health-code";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: HealthStatistics;
    codes: never;
  };
  /** Signed proofs that the log of a day and division was destroyed, the latest day first. */
  ListCheckInPurges: {
    method: "GET";
    path: "/verifier/v1/checkin-purges";
    parameters: {};
    query: { cursor?: string; limit?: number; };
    header: {};
    body: null;
    status: 200;
    answer: PurgeProofPage;
    codes: "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Queries that wait for the first or the second of two people, newest first. */
  ListExposureQueries: {
    method: "GET";
    path: "/verifier/v1/exposure-queries";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: ExposureQuery[];
    codes: "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE";
  };
  /** Agree; it is answered only once two people of two organisations have. */
  ApproveExposureQuery: {
    method: "POST";
    path: "/verifier/v1/exposure-queries/{queryId}/approve";
    parameters: { queryId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: ExposureQuery;
    codes: "ENDINGS_UNHEARD" | "EXPOSURE_QUERY_EXPIRED" | "EXPOSURE_QUERY_UNKNOWN" | "SCOPE_MISSING" | "SECOND_PERSON_NEEDED" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Every grant of the clerk, newest first, ended ones too. */
  ListAssists: {
    method: "GET";
    path: "/verifier/v1/grants";
    parameters: {};
    query: { cursor?: string; limit?: number; };
    header: {};
    body: null;
    status: 200;
    answer: ActingGrantPage;
    codes: "SCOPE_MISSING" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** The resident confirms in their own session, or reads out the code they see there. */
  AssistResident: {
    method: "POST";
    path: "/verifier/v1/grants";
    parameters: {};
    query: {};
    header: { "Idempotency-Key": string; };
    body: AssistResident;
    status: 201;
    answer: ActingGrant;
    codes: "ENDINGS_UNHEARD" | "GRANT_STANDS_ALREADY" | "IDEMPOTENCY_KEY_REUSED" | "NOT_FOR_YOURSELF" | "REQUEST_UNDER_WAY" | "SCOPE_MISSING" | "SCOPE_NOT_GRANTABLE" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "TERM_NOT_GRANTABLE" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** As soon as the errand is done. */
  EndAssist: {
    method: "DELETE";
    path: "/verifier/v1/grants/{grantId}";
    parameters: { grantId: string; };
    query: {};
    header: {};
    body: null;
    status: 204;
    answer: null;
    codes: "ENDINGS_UNHEARD" | "GRANT_UNKNOWN" | "SCOPE_MISSING" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Put the offer in force with the code the resident reads out. */
  ConfirmAssist: {
    method: "POST";
    path: "/verifier/v1/grants/{grantId}/confirm";
    parameters: { grantId: string; };
    query: {};
    header: {};
    body: ConfirmGrant;
    status: 200;
    answer: ActingGrant;
    codes: "CONFIRMATION_CODE_WRONG" | "ENDINGS_UNHEARD" | "GRANT_UNKNOWN" | "NOT_YOURS_TO_CONFIRM" | "OFFER_LAPSED" | "SCOPE_MISSING" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** A token for `/mp/v1` with an `act` claim that names the case; the clerk's own stays as it is. */
  SwitchAssist: {
    method: "POST";
    path: "/verifier/v1/grants/{grantId}/switch";
    parameters: { grantId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: ActingSession;
    codes: "ENDINGS_UNHEARD" | "GRANT_NOT_IN_FORCE" | "GRANT_UNKNOWN" | "SCOPE_MISSING" | "SESSION_ENDED" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Appeals, newest first: of one state, or those that are overdue, if asked for. */
  ListAppealsToReview: {
    method: "GET";
    path: "/verifier/v1/health-appeals";
    parameters: {};
    query: { state?: string; overdue?: boolean; cursor?: string; limit?: number; };
    header: {};
    body: null;
    status: 200;
    answer: AppealInfoPage;
    codes: "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** The appeal with the disputed evidence; against an outcome, with all that is known. */
  ReadAppealCase: {
    method: "GET";
    path: "/verifier/v1/health-appeals/{appealId}";
    parameters: { appealId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: AppealCase;
    codes: "APPEAL_UNKNOWN" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** One file; that it was looked at goes into the audit trail. */
  ReadAttachment: {
    method: "GET";
    path: "/verifier/v1/health-appeals/{appealId}/attachments/{attachmentId}";
    parameters: { appealId: string; attachmentId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: AttachmentContent;
    codes: "APPEAL_UNKNOWN" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Propose what shall stand in its place or be added; another organisation has to agree. */
  ProposeCorrection: {
    method: "POST";
    path: "/verifier/v1/health-appeals/{appealId}/propose";
    parameters: { appealId: string; };
    query: {};
    header: {};
    body: ProposeCorrection;
    status: 200;
    answer: AppealCase;
    codes: "APPEAL_NOT_OPEN" | "APPEAL_UNKNOWN" | "CORRECTION_INVALID" | "ENDINGS_UNHEARD" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Reject an appeal, with the reason. */
  RejectAppeal: {
    method: "POST";
    path: "/verifier/v1/health-appeals/{appealId}/reject";
    parameters: { appealId: string; };
    query: {};
    header: {};
    body: RejectAppeal;
    status: 200;
    answer: AppealCase;
    codes: "APPEAL_NOT_OPEN" | "APPEAL_UNKNOWN" | "ENDINGS_UNHEARD" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** The appeal is under review again. */
  ReturnAppeal: {
    method: "POST";
    path: "/verifier/v1/health-appeals/{appealId}/return";
    parameters: { appealId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: AppealCase;
    codes: "APPEAL_NOT_OPEN" | "APPEAL_UNKNOWN" | "ENDINGS_UNHEARD" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Begin to review; who filed it is told. */
  TakeAppeal: {
    method: "POST";
    path: "/verifier/v1/health-appeals/{appealId}/take";
    parameters: { appealId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: AppealCase;
    codes: "APPEAL_NOT_OPEN" | "APPEAL_UNKNOWN" | "ENDINGS_UNHEARD" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** What was agreed on is recorded as evidence, and the colour follows from all of it as always. */
  UpholdAppeal: {
    method: "POST";
    path: "/verifier/v1/health-appeals/{appealId}/uphold";
    parameters: { appealId: string; };
    query: { proposal?: number; };
    header: {};
    body: null;
    status: 200;
    answer: AppealCase;
    codes: "APPEAL_NOT_OPEN" | "APPEAL_UNKNOWN" | "ENDINGS_UNHEARD" | "PROPOSAL_CHANGED" | "SCOPE_MISSING" | "SECOND_PERSON_NEEDED" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Colour, masked name and age of the data, and nothing more; of a licence with it, its verdict. */
  CheckHealthCode: {
    method: "POST";
    path: "/verifier/v1/health-checks";
    parameters: {};
    query: {};
    header: {};
    body: CheckHealthCode;
    status: 200;
    answer: HealthCheck;
    codes: "ENDINGS_UNHEARD" | "HEALTH_CODE_UNAVAILABLE" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Entries, of one state if asked for. */
  ListManual: {
    method: "GET";
    path: "/verifier/v1/health-manual";
    parameters: {};
    query: { state?: string; cursor?: string; limit?: number; };
    header: {};
    body: null;
    status: 200;
    answer: ManualInfoPage;
    codes: "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Propose evidence; it counts for nothing until somebody of another organisation confirms it. */
  ProposeManual: {
    method: "POST";
    path: "/verifier/v1/health-manual";
    parameters: {};
    query: {};
    header: { "Idempotency-Key": string; };
    body: ProposeManual;
    status: 201;
    answer: ManualInfo;
    codes: "DIVISION_UNKNOWN" | "ENDINGS_UNHEARD" | "IDEMPOTENCY_KEY_REUSED" | "MANUAL_ENTRY_INVALID" | "REQUEST_UNDER_WAY" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Every alarm, one a reason and day. */
  ListCohortAlarms: {
    method: "GET";
    path: "/verifier/v1/health-manual-release/alarms";
    parameters: {};
    query: { cursor?: string; limit?: number; };
    header: {};
    body: null;
    status: 200;
    answer: CohortAlarmInfoPage;
    codes: "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Entries that are held. */
  ListHeldManual: {
    method: "GET";
    path: "/verifier/v1/health-manual-release/held";
    parameters: {};
    query: { cursor?: string; limit?: number; };
    header: {};
    body: null;
    status: 200;
    answer: ManualInfoPage;
    codes: "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Let one entry through, as a third person and not of the side that proposed it. */
  ReleaseManual: {
    method: "POST";
    path: "/verifier/v1/health-manual-release/{entryId}/release";
    parameters: { entryId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: ManualInfo;
    codes: "ENDINGS_UNHEARD" | "MANUAL_ENTRY_NOT_OPEN" | "MANUAL_ENTRY_UNKNOWN" | "SCOPE_MISSING" | "SECOND_PERSON_NEEDED" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** The registered reasons, and how long evidence for each may count. */
  ListManualReasons: {
    method: "GET";
    path: "/verifier/v1/health-manual/reasons";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: ManualReasonInfo[];
    codes: "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE";
  };
  /** One entry, and which organisations put their names to it. */
  ReadManual: {
    method: "GET";
    path: "/verifier/v1/health-manual/{entryId}";
    parameters: { entryId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: ManualInfo;
    codes: "MANUAL_ENTRY_UNKNOWN" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Want confirmed evidence taken back; somebody of another organisation has to agree. */
  AskManualWithdrawal: {
    method: "POST";
    path: "/verifier/v1/health-manual/{entryId}/ask-withdrawal";
    parameters: { entryId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: ManualInfo;
    codes: "ENDINGS_UNHEARD" | "MANUAL_ENTRY_NOT_OPEN" | "MANUAL_ENTRY_UNKNOWN" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** The evidence is recorded and its holder told; where its reason hit a cohort it is held instead. */
  ConfirmManual: {
    method: "POST";
    path: "/verifier/v1/health-manual/{entryId}/confirm";
    parameters: { entryId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: ManualInfo;
    codes: "ENDINGS_UNHEARD" | "MANUAL_ENTRY_NOT_OPEN" | "MANUAL_ENTRY_UNKNOWN" | "SCOPE_MISSING" | "SECOND_PERSON_NEEDED" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** End an entry that is proposed or held. */
  DeclineManual: {
    method: "POST";
    path: "/verifier/v1/health-manual/{entryId}/decline";
    parameters: { entryId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: ManualInfo;
    codes: "ENDINGS_UNHEARD" | "MANUAL_ENTRY_NOT_OPEN" | "MANUAL_ENTRY_UNKNOWN" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** The evidence goes on counting. */
  KeepManual: {
    method: "POST";
    path: "/verifier/v1/health-manual/{entryId}/keep";
    parameters: { entryId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: ManualInfo;
    codes: "ENDINGS_UNHEARD" | "MANUAL_ENTRY_NOT_OPEN" | "MANUAL_ENTRY_UNKNOWN" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** The evidence is superseded and counts no more. */
  WithdrawManual: {
    method: "POST";
    path: "/verifier/v1/health-manual/{entryId}/withdraw";
    parameters: { entryId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: ManualInfo;
    codes: "ENDINGS_UNHEARD" | "MANUAL_ENTRY_NOT_OPEN" | "MANUAL_ENTRY_UNKNOWN" | "SCOPE_MISSING" | "SECOND_PERSON_NEEDED" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Every rule set this city published, newest first. */
  ListRuleSets: {
    method: "GET";
    path: "/verifier/v1/health-rule-sets";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: RuleSetInfo[];
    codes: "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE";
  };
  /** Propose a rule set that passes the linter; the same content again is the same proposal. */
  ProposeRuleSet: {
    method: "POST";
    path: "/verifier/v1/health-rule-sets";
    parameters: {};
    query: {};
    header: {};
    body: ProposeRuleSet;
    status: 201;
    answer: RuleSetInfo;
    codes: "ENDINGS_UNHEARD" | "RULE_SET_INVALID" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Every proposal nobody has published yet. */
  ListRuleSetProposals: {
    method: "GET";
    path: "/verifier/v1/health-rule-sets/proposals";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: RuleSetInfo[];
    codes: "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE";
  };
  /** A rule set as it was proposed, published or shipped. */
  ReadRuleSet: {
    method: "GET";
    path: "/verifier/v1/health-rule-sets/{ruleSetId}";
    parameters: { ruleSetId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: RuleSetText;
    codes: "RULE_SET_UNKNOWN" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Publish what somebody else proposed; in force in every process within a second. */
  PublishRuleSet: {
    method: "POST";
    path: "/verifier/v1/health-rule-sets/{ruleSetId}/publish";
    parameters: { ruleSetId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: RuleSetInfo;
    codes: "ENDINGS_UNHEARD" | "RULE_SET_INVALID" | "RULE_SET_UNKNOWN" | "SCOPE_MISSING" | "SECOND_PERSON_NEEDED" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Every notice there is, with its versions. */
  ListPushTemplates: {
    method: "GET";
    path: "/verifier/v1/push-templates";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: TemplateInfo[];
    codes: "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE";
  };
  /** One notice, with its versions. */
  ReadPushTemplate: {
    method: "GET";
    path: "/verifier/v1/push-templates/{templateName}";
    parameters: { templateName: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: TemplateInfo;
    codes: "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "TEMPLATE_UNKNOWN" | "UNAVAILABLE" | "VALIDATION";
  };
  /** What waits, what was before, or the shipped text; in force in every process within seconds. */
  ActivatePushTemplate: {
    method: "POST";
    path: "/verifier/v1/push-templates/{templateName}/activate";
    parameters: { templateName: string; };
    query: {};
    header: {};
    body: ActivateTemplate;
    status: 200;
    answer: TemplateInfo;
    codes: "ENDINGS_UNHEARD" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "TEMPLATE_CHANGED" | "TEMPLATE_INVALID" | "TEMPLATE_UNKNOWN" | "TEMPLATE_VERSION_UNKNOWN" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Keep a version that waits; nothing goes out by it yet. */
  SavePushTemplate: {
    method: "PUT";
    path: "/verifier/v1/push-templates/{templateName}/draft";
    parameters: { templateName: string; };
    query: {};
    header: {};
    body: TemplateDraft;
    status: 200;
    answer: TemplateInfo;
    codes: "ENDINGS_UNHEARD" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "TEMPLATE_CHANGED" | "TEMPLATE_INVALID" | "TEMPLATE_UNKNOWN" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** A draft, filled, and everything for which it would not be kept. */
  PreviewPushTemplate: {
    method: "POST";
    path: "/verifier/v1/push-templates/{templateName}/preview";
    parameters: { templateName: string; };
    query: {};
    header: {};
    body: PreviewTemplate;
    status: 200;
    answer: TemplatePreview;
    codes: "ENDINGS_UNHEARD" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "TEMPLATE_UNKNOWN" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Every campaign, and how far it is. */
  ListCampaigns: {
    method: "GET";
    path: "/verifier/v1/push/campaigns";
    parameters: {};
    query: { cursor?: string; limit?: number; };
    header: {};
    body: null;
    status: 200;
    answer: CampaignInfoPage;
    codes: "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Draft a campaign; nobody is told anything until somebody else approves it. */
  DraftCampaign: {
    method: "POST";
    path: "/verifier/v1/push/campaigns";
    parameters: {};
    query: {};
    header: { "Idempotency-Key": string; };
    body: DraftCampaign;
    status: 201;
    answer: CampaignInfo;
    codes: "AUDIENCE_INVALID" | "CAMPAIGN_INVALID" | "ENDINGS_UNHEARD" | "IDEMPOTENCY_KEY_REUSED" | "REQUEST_UNDER_WAY" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Count an audience, or reckon it from a sample of the city; with a few masked names. */
  PreviewAudience: {
    method: "POST";
    path: "/verifier/v1/push/campaigns/preview";
    parameters: {};
    query: {};
    header: {};
    body: PreviewAudience;
    status: 200;
    answer: AudiencePreview;
    codes: "AUDIENCE_INVALID" | "ENDINGS_UNHEARD" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** One campaign, and how far it is. */
  ReadCampaign: {
    method: "GET";
    path: "/verifier/v1/push/campaigns/{campaignId}";
    parameters: { campaignId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: CampaignInfo;
    codes: "CAMPAIGN_UNKNOWN" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** A thousandth is told first; the rest follows by itself if that goes well. */
  ApproveCampaign: {
    method: "POST";
    path: "/verifier/v1/push/campaigns/{campaignId}/approve";
    parameters: { campaignId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: CampaignInfo;
    codes: "CAMPAIGN_INVALID" | "CAMPAIGN_NOT_OPEN" | "CAMPAIGN_UNKNOWN" | "ENDINGS_UNHEARD" | "SCOPE_MISSING" | "SECOND_OPERATOR_NEEDED" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Whoever was not told yet never is. */
  CancelCampaign: {
    method: "POST";
    path: "/verifier/v1/push/campaigns/{campaignId}/cancel";
    parameters: { campaignId: string; };
    query: {};
    header: {};
    body: Because;
    status: 200;
    answer: CampaignInfo;
    codes: "CAMPAIGN_NOT_OPEN" | "CAMPAIGN_UNKNOWN" | "ENDINGS_UNHEARD" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Nobody more is told, but for a batch under way. */
  PauseCampaign: {
    method: "POST";
    path: "/verifier/v1/push/campaigns/{campaignId}/pause";
    parameters: { campaignId: string; };
    query: {};
    header: {};
    body: Because;
    status: 200;
    answer: CampaignInfo;
    codes: "CAMPAIGN_NOT_OPEN" | "CAMPAIGN_UNKNOWN" | "ENDINGS_UNHEARD" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** It goes on where it was; the failures that stopped it are let pass. */
  ResumeCampaign: {
    method: "POST";
    path: "/verifier/v1/push/campaigns/{campaignId}/resume";
    parameters: { campaignId: string; };
    query: {};
    header: {};
    body: Because;
    status: 200;
    answer: CampaignInfo;
    codes: "CAMPAIGN_NOT_OPEN" | "CAMPAIGN_UNKNOWN" | "ENDINGS_UNHEARD" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** What nobody could deliver, and why. */
  ListDeadNotices: {
    method: "GET";
    path: "/verifier/v1/push/dead-letters";
    parameters: {};
    query: { cursor?: string; limit?: number; };
    header: {};
    body: null;
    status: 200;
    answer: DeadNoticePage;
    codes: "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Try again what somebody has mended the cause of. */
  RedriveNotices: {
    method: "POST";
    path: "/verifier/v1/push/dead-letters/redrive";
    parameters: {};
    query: {};
    header: {};
    body: Redrive;
    status: 200;
    answer: Redriven;
    codes: "ENDINGS_UNHEARD" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** The latest sendings: how soon, how many refused, of how many nobody knows. */
  ReadPushFigures: {
    method: "GET";
    path: "/verifier/v1/push/figures";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: PushFigures;
    codes: "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE";
  };
  /** What is due, what is later, what is on its way. */
  ListPushLanes: {
    method: "GET";
    path: "/verifier/v1/push/lanes";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: LaneInfo[];
    codes: "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE";
  };
  /** What is in the inbox of whoever holds an ID number, without its words. That one looked is kept. */
  FindNotices: {
    method: "POST";
    path: "/verifier/v1/push/notices/find";
    parameters: {};
    query: {};
    header: {};
    body: FindNotices;
    status: 200;
    answer: FoundNotices;
    codes: "ENDINGS_UNHEARD" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Why it was meant, what was decided and tried, what came back. No words, and a masked name. */
  ReadNoticeStory: {
    method: "GET";
    path: "/verifier/v1/push/notices/{noticeId}";
    parameters: { noticeId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: NoticeStory;
    codes: "NOTICE_UNKNOWN" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Each channel, and each template that is left alone. */
  ListPushProviders: {
    method: "GET";
    path: "/verifier/v1/push/providers";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: ProviderInfo[];
    codes: "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE";
  };
  /** In force in every process at once, until somebody lets it judge for itself again. */
  HoldBreaker: {
    method: "POST";
    path: "/verifier/v1/push/providers/hold";
    parameters: {};
    query: {};
    header: {};
    body: HoldBreaker;
    status: 200;
    answer: ProviderInfo;
    codes: "ENDINGS_UNHEARD" | "PROVIDER_UNKNOWN" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** End this session everywhere. */
  ClerkSignOut: {
    method: "DELETE";
    path: "/verifier/v1/session";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 204;
    answer: null;
    codes: "ENDINGS_UNHEARD" | "SIGN_IN_REQUIRED" | "UNAVAILABLE";
  };
  /**
   * Sign in with organisation, clerk number, passphrase and one-time code; twelve hours at most.
   *
   * `SECOND_FACTOR_NEEDED`: the passphrase was right, and a second factor is to be set up first.
   */
  ClerkSignIn: {
    method: "POST";
    path: "/verifier/v1/session";
    parameters: {};
    query: {};
    header: { "X-Device-Id"?: string; };
    body: ClerkSignIn;
    status: 201;
    answer: ClerkSession;
    codes: "CLERK_NOT_RECOGNISED" | "SECOND_FACTOR_NEEDED" | "SIGNING_IN_BUSY" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Trade a refresh token for a new pair, with the scopes and scenes of now. */
  RefreshClerkSession: {
    method: "POST";
    path: "/verifier/v1/session/refresh";
    parameters: {};
    query: {};
    header: { "X-Device-Id"?: string; };
    body: SessionRefresh;
    status: 200;
    answer: ClerkSession;
    codes: "SESSION_ENDED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /**
   * A secret for the clerk's authenticator; sign in with a code of it and it counts from then on.
   *
   * Reply lost: ask again for another one; the one before it is worthless.
   */
  BeginSecondFactor: {
    method: "POST";
    path: "/verifier/v1/session/second-factor";
    parameters: {};
    query: {};
    header: { "X-Device-Id"?: string; };
    body: SecondFactorBegin;
    status: 201;
    answer: SecondFactorSecret;
    codes: "CLERK_NOT_RECOGNISED" | "SECOND_FACTOR_CLOSED" | "SIGNING_IN_BUSY" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /**
   * Trade what the clerk came back with for a session; it ends when the organisation's own does.
   *
   * Reply lost: the same from the same device within a minute gets the same session.
   */
  ClerkSsoSignIn: {
    method: "POST";
    path: "/verifier/v1/session/sso";
    parameters: {};
    query: {};
    header: { "X-Device-Id": string; };
    body: OidcSignIn;
    status: 201;
    answer: ClerkSession;
    codes: "CLERK_NOT_RECOGNISED" | "CODE_REJECTED" | "CODE_REPLAYED" | "PROVIDER_BUSY" | "PROVIDER_MIXED_UP" | "PROVIDER_NOT_OFFERED" | "PROVIDER_TOKEN_ALGORITHM" | "PROVIDER_TOKEN_AUDIENCE" | "PROVIDER_TOKEN_FORGED" | "PROVIDER_TOKEN_ISSUER" | "PROVIDER_TOKEN_KEY" | "PROVIDER_TOKEN_KIND" | "PROVIDER_TOKEN_NONCE" | "PROVIDER_TOKEN_TIME" | "PROVIDER_TOKEN_UNREADABLE" | "PROVIDER_TOKEN_WEAK" | "PROVIDER_UNAVAILABLE" | "SESSION_ENDED" | "SIGN_IN_FLOW_ELSEWHERE" | "SIGN_IN_FLOW_ENDED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** Where to send the clerk; finish within ten minutes on the same device. */
  BeginClerkSso: {
    method: "POST";
    path: "/verifier/v1/session/sso/begin";
    parameters: {};
    query: {};
    header: { "X-Device-Id": string; };
    body: ClerkSsoBegin;
    status: 201;
    answer: SignInBegun;
    codes: "PROVIDER_BUSY" | "PROVIDER_NOT_OFFERED" | "PROVIDER_UNAVAILABLE" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** End all of the clerk's sessions but this one. */
  EndOtherClerkSessions: {
    method: "DELETE";
    path: "/verifier/v1/sessions";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: SessionsEnded;
    codes: "ENDINGS_UNHEARD" | "SIGN_IN_REQUIRED" | "UNAVAILABLE";
  };
  /** Every session of the clerk that can still be renewed, newest first. */
  ListClerkSessions: {
    method: "GET";
    path: "/verifier/v1/sessions";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: SignedInDevice[];
    codes: "SIGN_IN_REQUIRED" | "UNAVAILABLE";
  };
  /** End one of the clerk's sessions, in every process within a second. */
  EndClerkSession: {
    method: "DELETE";
    path: "/verifier/v1/sessions/{sessionId}";
    parameters: { sessionId: string; };
    query: {};
    header: {};
    body: null;
    status: 204;
    answer: null;
    codes: "ENDINGS_UNHEARD" | "SESSION_UNKNOWN" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** The same keys as a COSE key set (RFC 9052 §7). */
  WalletCoseKeys: {
    method: "GET";
    path: "/verifier/v1/trust/cose-keys";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: ArrayBuffer;
    codes: never;
  };
  /** The public keys offline and paper codes may be signed with; `kid` is base64url of the code's. */
  HealthKeys: {
    method: "GET";
    path: "/verifier/v1/trust/health-jwks.json";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: JsonWebKeySet;
    codes: never;
  };
  /** The public keys shown codes may be signed with (RFC 7517); `kid` is base64url of the code's. */
  WalletKeys: {
    method: "GET";
    path: "/verifier/v1/trust/jwks.json";
    parameters: {};
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: JsonWebKeySet;
    codes: never;
  };
  /** Which certificates are suspended or revoked (Token Status List, CWT, two bits an entry). */
  StatusList: {
    method: "GET";
    path: "/verifier/v1/trust/status-lists/{number}";
    parameters: { number: number; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: ArrayBuffer;
    codes: "STATUS_LIST_UNKNOWN" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Venues of the clerk's organisation, newest first. */
  ListVenues: {
    method: "GET";
    path: "/verifier/v1/venues";
    parameters: {};
    query: { cursor?: string; limit?: number; };
    header: {};
    body: null;
    status: 200;
    answer: VenuePage;
    codes: "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Register a place; the same key again gets the same answer. */
  RegisterVenue: {
    method: "POST";
    path: "/verifier/v1/venues";
    parameters: {};
    query: {};
    header: { "Idempotency-Key": string; };
    body: RegisterVenue;
    status: 201;
    answer: Venue;
    codes: "DIVISION_UNKNOWN" | "ENDINGS_UNHEARD" | "IDEMPOTENCY_KEY_REUSED" | "REQUEST_UNDER_WAY" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
  /** The code for the venue's screen; another one every minute. */
  DisplayVenueCode: {
    method: "GET";
    path: "/verifier/v1/venues/{venueId}/code";
    parameters: { venueId: string; };
    query: {};
    header: {};
    body: null;
    status: 200;
    answer: VenueCode;
    codes: "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION" | "VENUE_UNKNOWN";
  };
  /** A code that does not change, with what to know of it; it withdraws the one printed before. */
  PrintVenueCode: {
    method: "POST";
    path: "/verifier/v1/venues/{venueId}/printed-codes";
    parameters: { venueId: string; };
    query: {};
    header: {};
    body: null;
    status: 201;
    answer: VenueCode;
    codes: "ENDINGS_UNHEARD" | "PRINTING_NOT_ALLOWED" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION" | "VENUE_UNKNOWN";
  };
  /** The clerk's own checks of the last twelve hours, newest first; no field of anybody. */
  ListVerifications: {
    method: "GET";
    path: "/verifier/v1/verifications";
    parameters: {};
    query: { cursor?: string; limit?: number; };
    header: {};
    body: null;
    status: 200;
    answer: CheckRecordPage;
    codes: "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "UNAVAILABLE" | "VALIDATION";
  };
  /** Use the code up and say what may be seen; every outcome is a verdict, not an error. */
  VerifyCode: {
    method: "POST";
    path: "/verifier/v1/verifications";
    parameters: {};
    query: {};
    header: {};
    body: Verify;
    status: 200;
    answer: Verification;
    codes: "ENDINGS_UNHEARD" | "SCOPE_MISSING" | "SIGN_IN_REQUIRED" | "TOO_LARGE" | "TOO_MANY_REQUESTS" | "UNAVAILABLE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION";
  };
}
