import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { requestCertificate } from '@nongtin/broker';
import { type EnrolAnswer, type EnrolRequest, enrolmentProof, readClaimCode } from '@nongtin/broker/wire';
import type { TestCloud } from './cloud.ts';
import type { TestGateway } from './gateway.ts';

/** A gateway on its way into the cooperative: its signing key, and another one for TLS. */
export class Claimant {
  readonly gateway: TestGateway;
  readonly #tlsKey: KeyObject = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

  constructor(gateway: TestGateway) {
    this.gateway = gateway;
  }

  get tlsKey(): string {
    return String(this.#tlsKey.export({ type: 'pkcs8', format: 'pem' }));
  }

  requestCertificate(): Promise<string> {
    return requestCertificate(this.#tlsKey, this.gateway.id);
  }

  /** What it sends to the cloud, with a proof of its key over what is sent unless the test bends it. */
  async order(code: string, bend: Partial<EnrolRequest> = {}): Promise<EnrolRequest> {
    const { publicKey } = this.gateway;
    const certificateRequest = await this.requestCertificate();
    const order = { code, publicKey, certificateRequest, ...bend };
    const message = enrolmentProof(
      readClaimCode(order.code) ?? '',
      order.publicKey,
      order.certificateRequest,
    );
    return { ...order, proof: bend.proof ?? this.gateway.signBytes(message) };
  }

  async enrol(cloud: TestCloud, code: string): Promise<EnrolAnswer> {
    const { status, body } = await cloud.call(undefined, 'POST', '/api/enrol', await this.order(code));
    if (status !== 200) throw new Error(`refused with ${status}: ${JSON.stringify(body)}`);
    return body;
  }
}
