// The contract, as it is generated from `miniapp_schemas`: a field the pages read and the server no longer
// sends fails the type check.

export type {
  Account,
  AccountExport,
  ActingFor,
  ActingGrant,
  ActingKind,
  ActingSession,
  Block,
  CheckRecord,
  Claim,
  ClerkSession,
  ColourReason,
  Credential,
  CredentialDetail,
  DeletionConsequences,
  DeletionInfo,
  DeletionReceipt,
  FaceCheckBegun,
  FaceCheckResult,
  HealthCheck,
  HealthCode,
  HealthCodeTicket,
  Home,
  LinkInfo,
  LinkResult,
  MergeInfo,
  NoticeInfo,
  PhoneCodeSent,
  PresentationProgress as Progress,
  PresentationTicket as Ticket,
  Problem,
  ProofInfo,
  RealNameResult,
  Session as ResidentSession,
  ShownBy,
  SignedInDevice,
  StepUp,
  Text,
  UsageRecord,
  Verdict,
  Verification,
} from "../../../miniapp_schemas/generated/contract.js";

export interface Page<Item> {
  items: Item[];
  nextCursor?: string | null;
}
