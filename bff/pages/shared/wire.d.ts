// What the pages read of the contract in `miniapp_schemas`.

import type { Text } from "./i18n.js";

export type Status = "valid" | "notYetValid" | "expired" | "suspended" | "revoked";
export type Verdict =
  | "OK_ONLINE"
  | "OK_OFFLINE"
  | "STALE_STATUS"
  | "EXPIRED"
  | "CLOCK_SKEW"
  | "CREDENTIAL_EXPIRED"
  | "NOT_YET_VALID"
  | "REVOKED"
  | "SUSPENDED"
  | "ALREADY_USED"
  | "SCENE_DENIED"
  | "TAMPERED"
  | "KEY_UNKNOWN"
  | "UNKNOWN_CODE"
  | "UNREADABLE"
  | "ONLINE_ONLY";

export interface Page<Item> {
  items: Item[];
  nextCursor?: string | null;
}

export interface Claim {
  name: string;
  label: Text;
  value: string;
}

export interface Credential {
  id: string;
  type: string;
  typeName: Text;
  issuerName: string;
  title: string;
  number: string;
  status: Status;
  statusReason: Text;
  validFrom: string;
  validUntil: string | null;
}

export interface SceneOffer {
  scene: string;
  name: Text;
  claims: string[];
  mode: "signed" | "opaque";
}

export interface CredentialDetail extends Credential {
  claims: Claim[];
  scenes: SceneOffer[];
}

export interface Ticket {
  presentationId: string;
  code: string;
  mode: "signed" | "opaque";
  scene: string;
  claims: string[];
  issuedAt: string;
  expiresAt: string;
}

export interface UsageRecord {
  id: string;
  at: string;
  credentialId: string;
  typeName: Text;
  organisation: string;
  clerkNumber: string;
  scene: string;
  sceneName: Text;
  claims: string[];
  verdict: Verdict;
}

export interface Progress {
  presentationId: string;
  state: "open" | "used" | "ended";
  used?: UsageRecord | null;
}

export interface ResidentSession {
  accessToken: string;
  refreshToken: string;
  assurance: string;
  displayName?: string | null;
}

export interface ClerkSession {
  accessToken: string;
  refreshToken: string;
  refreshExpiresAt: string;
  organisation: string;
  organisationName: string;
  clerkNumber: string;
  scenes: { scene: string; name: string; nameEn: string }[];
}

export interface Verification {
  verdict: Verdict;
  valid: boolean;
  advice: Text;
  checkedAt: string;
  typeName?: Text | null;
  issuerName?: string | null;
  scene?: string | null;
  mode?: "signed" | "opaque" | null;
  claims: Claim[];
}

export interface CheckRecord {
  id: string;
  at: string;
  typeName: Text;
  scene: string;
  verdict: Verdict;
  valid: boolean;
}
