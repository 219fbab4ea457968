import { createPrivateKey, generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { requestCertificate } from '@nongtin/broker';
import {
  EnrolAnswer,
  enrolmentProof,
  RenewAnswer,
  readClaimCode,
  readClaimLink,
  renewalProof,
} from '@nongtin/broker/wire';
import { Compile } from 'typebox/compile';
import type { SigningKey } from '../journal/key.ts';
import { askCloud, cloudOrigin, type Trust } from './cloud-door.ts';
import type { Membership } from './membership.ts';
import { EnrolmentProblem } from './problem.ts';

/** What a technician has: the link of a claim, or its code and where the cloud is. */
export interface ClaimInHand {
  readonly claim: string;
  readonly cloud?: string;
  readonly fingerprint?: string;
  /** In place of the cloud that this gateway has already. */
  readonly instead?: boolean;
}

const enrolAnswer = Compile(EnrolAnswer);
const renewAnswer = Compile(RenewAnswer);
const generateKeys = promisify(generateKeyPair);

/**
 * Claims this gateway's place: its signing key proves itself, a key for TLS is made, and the cloud's answer is what the gateway
 * is from now on. Nothing is written here. Throws an EnrolmentProblem.
 */
export async function enrol(
  inHand: ClaimInHand,
  key: SigningKey,
  current: Membership | undefined,
  nowMs: number,
): Promise<Membership> {
  const { code, cloud, trust } = claimOf(inHand);
  refuseSecondCloud(current, cloud, inHand.instead === true);
  const tlsKey = await newTlsKey();
  // The certificate's name is the cloud's to give.
  const certificateRequest = await requestCertificate(tlsKey, 'gateway');
  const publicKey = key.publicKeyHex;
  const proof = signed(key, enrolmentProof(code, publicKey, certificateRequest));
  const said = await askCloud({ cloud, trust }, '/api/enrol', { code, publicKey, certificateRequest, proof });
  if (!enrolAnswer.Check(said)) throw unreadable();
  const { gateway, password, cooperative, certificate, authority, uplink } = said;
  return {
    ...{ gateway, password, cloud, cooperative: cooperative.name, enrolledAtMs: nowMs, uplink },
    ...(authority === null ? {} : { authority }),
    ...(certificate === null ? {} : { tls: { key: pemOf(tlsKey), ...certificate } }),
  };
}

/** The membership with another certificate, for another key; by the signing key alone, so that it may come too late. */
export async function renew(current: Membership, key: SigningKey): Promise<Membership> {
  const { cloud, gateway, authority } = current;
  if (cloud === undefined) throw new TypeError('registered by hand: it has no certificate to renew');
  const tlsKey = await newTlsKey();
  const certificateRequest = await requestCertificate(tlsKey, gateway);
  const proof = signed(key, renewalProof(gateway, certificateRequest));
  const trust: Trust = authority === undefined ? 'public' : { authority };
  const order = { gateway, certificateRequest, proof };
  const said = await askCloud({ cloud, trust }, '/api/enrol/renew', order);
  if (!renewAnswer.Check(said)) throw unreadable();
  return { ...current, tls: { key: pemOf(tlsKey), ...said.certificate } };
}

function claimOf({ claim, cloud, fingerprint }: ClaimInHand) {
  const link = readClaimLink(claim);
  const code = readClaimCode(link?.code ?? claim);
  if (code === undefined) {
    const message =
      'This is no claim code: it has 15 letters and digits such as 7K2QM-0XWTB-9HE4C; one of them is wrong or missing.';
    throw new EnrolmentProblem('your_input', 'code_mistyped', message);
  }
  const where = cloud ?? link?.cloud;
  if (where === undefined) {
    const message =
      'Where is the cloud? Give the whole link of the claim, or the cloud’s address with the code.';
    throw new EnrolmentProblem('your_input', 'no_address', message);
  }
  const pinned = fingerprint ?? link?.fingerprint;
  return { code, cloud: cloudOrigin(where), trust: trustOf(pinned) };
}

function trustOf(fingerprint: string | undefined): Trust {
  if (fingerprint === undefined) return 'public';
  if (/^[0-9a-f]{64}$/i.test(fingerprint.replaceAll(':', ''))) return { fingerprint };
  const message = 'The fingerprint is expected as 64 hex digits, as the console shows it.';
  throw new EnrolmentProblem('your_input', 'no_fingerprint', message);
}

function refuseSecondCloud(current: Membership | undefined, cloud: string, instead: boolean): void {
  if (current === undefined || instead || current.cloud === cloud) return;
  const where = current.cloud === undefined ? 'a cloud, by hand' : current.cloud;
  const message = `This gateway is ${current.gateway} at ${where} already: say that it shall leave that for another cloud (--instead), or ask there for a claim code.`;
  throw new EnrolmentProblem('your_input', 'enrolled_elsewhere', message);
}

async function newTlsKey(): Promise<KeyObject> {
  const { privateKey } = await generateKeys('ec', { namedCurve: 'P-256' });
  return privateKey;
}

function signed({ pem }: SigningKey, message: Uint8Array): string {
  return sign(null, message, createPrivateKey(pem)).toString('hex');
}

function pemOf(key: KeyObject): string {
  return String(key.export({ type: 'pkcs8', format: 'pem' }));
}

function unreadable(): EnrolmentProblem {
  const message = 'What answers at this address is no cloud of ours: check the address.';
  return new EnrolmentProblem('your_input', 'no_cloud', message);
}
