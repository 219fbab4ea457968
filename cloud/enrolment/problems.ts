import { type problem, problem as problemOf } from '../api/errors.ts';

/** Why a gateway is not enrolled, for whoever stands before it. Says of a code no more than its holder needs. */
export class EnrolmentProblem extends Error {
  override readonly name = 'EnrolmentProblem';
  readonly status: 400 | 403 | 404 | 409 | 410 | 429;
  readonly body: ReturnType<typeof problem>;

  constructor(code: keyof typeof causes) {
    const [status, message] = causes[code];
    super(message);
    this.status = status;
    this.body = problemOf(status === 429 ? 'try_later' : 'your_input', code, message);
  }
}

const causes = {
  code_mistyped: [
    400,
    'This is no claim code: it has 15 letters and digits such as 7K2QM-0XWTB-9HE4C; one of them is wrong or missing.',
  ],
  not_a_key: [400, 'publicKey is not an Ed25519 public key.'],
  bad_proof: [
    400,
    'The proof was not made by the private key of this public key, for this code and request.',
  ],
  bad_request: [
    400,
    'certificateRequest is no certificate request (PKCS#10, PEM) for a key of EC P-256 or Ed25519 that was signed by that key.',
  ],
  code_unknown: [
    403,
    'This claim code is not known here: check the code and the cloud’s address, or ask for another code.',
  ],
  code_expired: [410, 'This claim code has ended: ask the cooperative’s manager for another one.'],
  code_withdrawn: [410, 'This claim code was withdrawn: ask the cooperative’s manager for another one.'],
  code_used: [
    409,
    'Another gateway has used this claim code: ask the cooperative’s manager for another one, and say so if it was not yours.',
  ],
  other_key: [
    409,
    'This place is taken by a gateway with another key, and a key is never replaced: ask for a claim code under a new name.',
  ],
  key_known: [
    409,
    'This gateway’s key was used under another name, and a key is never used twice: begin anew with an empty data folder.',
  ],
  gateway_revoked: [
    409,
    'The gateway of this claim was revoked, for good: ask for a claim code under a new name, and begin anew with an empty data folder.',
  ],
  not_enrolled: [404, 'No gateway of this name and key is enrolled here.'],
  no_certificates: [409, 'This cloud has no uplink over TLS and gives no certificates.'],
  too_many_tries: [429, 'Too many tries: wait a minute, then try once more.'],
} as const;
