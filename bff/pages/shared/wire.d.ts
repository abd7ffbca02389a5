// The contract, as it is generated from `miniapp_schemas`: a field the pages read and the server no longer
// sends fails the type check.

export type {
  Block,
  CheckRecord,
  Claim,
  ClerkSession,
  Credential,
  CredentialDetail,
  Home,
  PresentationProgress as Progress,
  PresentationTicket as Ticket,
  Problem,
  Session as ResidentSession,
  Text,
  UsageRecord,
  Verdict,
  Verification,
} from "../../../miniapp_schemas/generated/contract.js";

export interface Page<Item> {
  items: Item[];
  nextCursor?: string | null;
}
