import { type Static, Type } from 'typebox';

/**
 * How a gateway and its cloud get to know each other, over HTTP: `POST /api/enrol` with a claim code, later
 * `POST /api/enrol/renew` with the gateway's key. What is signed stands here, so that both ends write the same bytes.
 */

/** A certificate request of two thousand characters is a large one. */
const Pem = Type.String({ minLength: 1, maxLength: 8_192 });
const GatewayId = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' });
const Signature = Type.String({ pattern: '^[0-9a-f]{128}$', description: 'Ed25519, hex' });

export const EnrolRequest = Type.Object(
  {
    code: Type.String({ minLength: 1, maxLength: 60, description: 'As the person typed it' }),
    publicKey: Type.String({
      pattern: '^[0-9a-f]{64}$',
      description: 'Ed25519, hex: what signs the journal',
    }),
    proof: Type.String({
      ...Signature,
      description: 'Of the code, the key and the request; see enrolmentProof',
    }),
    certificateRequest: Type.String({ ...Pem, description: 'PKCS#10, PEM, of a key of its own for TLS' }),
  },
  { additionalProperties: false },
);
export type EnrolRequest = Static<typeof EnrolRequest>;

/** A client certificate for the uplink. */
const Certificate = Type.Object({ cert: Type.String(), endsAtMs: Type.Integer() });

export const EnrolAnswer = Type.Object({
  gateway: GatewayId,
  cooperative: Type.Object({ id: Type.String(), name: Type.String() }),
  /** For the uplink when it asks for no certificate; every earlier one is void. */
  password: Type.String({ minLength: 1 }),
  /** Null: this cloud’s uplink asks for no certificates. */
  certificate: Type.Union([Certificate, Type.Null()]),
  /** Who signed the certificate of the cloud's own doors, PEM; null: a public authority. */
  authority: Type.Union([Type.String(), Type.Null()]),
  /** Where the cloud's MQTT is. */
  uplink: Type.Object({
    /** Null: it is not without TLS. */
    plain: Type.Union([Type.String(), Type.Null()]),
    tls: Type.Union([Type.String(), Type.Null()]),
    /** Who signed its certificate, PEM, when that is another one than of the doors. */
    authority: Type.Optional(Type.String()),
  }),
});
export type EnrolAnswer = Static<typeof EnrolAnswer>;

export const RenewRequest = Type.Object(
  {
    gateway: GatewayId,
    certificateRequest: Pem,
    proof: Type.String({ ...Signature, description: 'By the journal’s key; see renewalProof' }),
  },
  { additionalProperties: false },
);
export type RenewRequest = Static<typeof RenewRequest>;

export const RenewAnswer = Type.Object({ certificate: Certificate });
export type RenewAnswer = Static<typeof RenewAnswer>;

/**
 * What the gateway's key signs to claim its place: nobody can claim with a key that is not his, and the answer's certificate
 * is for the request that was signed. Longer than the 32 bytes of an entry's hash, so that neither passes for the other.
 * `code` in its one spelling (readClaimCode).
 */
export function enrolmentProof(code: string, publicKey: string, certificateRequest: string): Uint8Array {
  return bytes(['nongtin enrol 1', code, publicKey, certificateRequest]);
}

/** What the gateway's key signs for another certificate. Said again by somebody else it helps the gateway alone. */
export function renewalProof(gateway: string, certificateRequest: string): Uint8Array {
  return bytes(['nongtin renew 1', gateway, certificateRequest]);
}

function bytes(lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(lines.join('\n'));
}

/** What a QR code of a claim holds: the cloud's address, the code, and how to know the cloud over a bad network. */
export interface ClaimLink {
  /** Origin of the cloud, `https://cloud.example:8443`. */
  readonly cloud: string;
  readonly code: string;
  /** SHA-256 of the certificate of the cloud's own authority, 64 hex digits; undefined: it has one that everybody knows. */
  readonly fingerprint: string | undefined;
}

/** Everything secret stands behind `#`, which a browser keeps to itself. */
export function claimLink({ cloud, code, fingerprint }: ClaimLink): string {
  const pinned = fingerprint === undefined ? '' : `&ca=${fingerprint}`;
  return `${new URL(cloud).origin}/console#claim=${code}${pinned}`;
}

/** Undefined when the text is no such link; its code is read by readClaimCode. */
export function readClaimLink(text: string): ClaimLink | undefined {
  if (text.length > 2_000 || !URL.canParse(text.trim())) return undefined;
  const { protocol, origin, hash } = new URL(text.trim());
  const said = new URLSearchParams(hash.slice(1));
  const code = said.get('claim');
  if (!/^https?:$/.test(protocol) || code === null) return undefined;
  return { cloud: origin, code, fingerprint: said.get('ca') ?? undefined };
}
