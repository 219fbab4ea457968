import { createHash } from 'node:crypto';
import { AwsClient } from 'aws4fetch';
import type { Objects } from './objects.ts';

export interface Bucket {
  /** Of the bucket, with a prefix perhaps, by path: https://HOST/BUCKET/PREFIX */
  readonly url: string;
  readonly region: string;
  readonly keyId: string;
  readonly secret: string;
}

/** One request, its body and its answer included. */
const PATIENCE_MS = 30_000;
/** Twice more, within a second: what lasts longer is told to the gateways, who keep their entries. */
const RETRIES = 2;

/** Objects in an S3-compatible bucket, each request signed with its body (AWS Signature Version 4). */
export class BucketObjects implements Objects {
  readonly #client: AwsClient;
  readonly #url: string;

  constructor({ url, region, keyId, secret }: Bucket) {
    const keys = { accessKeyId: keyId, secretAccessKey: secret };
    this.#client = new AwsClient({ ...keys, region, service: 's3', retries: RETRIES });
    this.#url = url.replace(/\/+$/, '');
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    // Without its hash in the header the body would not be covered by the signature.
    const headers = { 'x-amz-content-sha256': createHash('sha256').update(bytes).digest('hex') };
    await this.#ask(name, { method: 'PUT', headers, body: Uint8Array.from(bytes) });
  }

  async get(name: string, offset: number, length: number): Promise<Uint8Array> {
    const headers = { range: `bytes=${offset}-${offset + length - 1}` };
    const bytes = await this.#ask(name, { headers });
    if (bytes.length === length) return bytes;
    throw new RangeError(`the bucket gave ${bytes.length} bytes of ${name} instead of ${length}`);
  }

  async #ask(name: string, request: RequestInit): Promise<Buffer> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await this.#client.fetch(`${this.#url}/${name}`, { ...request, signal });
    const answer = Buffer.from(await response.arrayBuffer());
    if (response.ok) return answer;
    // S3 names the reason in XML; the address of the bucket is no secret, the key stands nowhere in it.
    const reason = /<Code>([^<]{1,100})<\/Code>/.exec(answer.toString())?.[1] ?? '';
    throw new Error(`the bucket answered ${response.status} ${reason} to ${request.method ?? 'GET'} ${name}`);
  }
}
