import { createHash } from 'node:crypto';
import { AwsClient } from 'aws4fetch';
import { KeptForGood, NotThere, type Objects } from './objects.ts';

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
  /** The bucket itself, and what stands before each name in it. */
  readonly #root: URL;
  readonly #prefix: string;

  constructor({ url, region, keyId, secret }: Bucket) {
    const keys = { accessKeyId: keyId, secretAccessKey: secret };
    this.#client = new AwsClient({ ...keys, region, service: 's3', retries: RETRIES });
    this.#url = url.replace(/\/+$/, '');
    this.#root = new URL(this.#url);
    const [bucket = '', ...prefix] = this.#root.pathname.slice(1).split('/');
    this.#root.pathname = `/${bucket}`;
    this.#prefix = prefix.map((part) => `${decodeURIComponent(part)}/`).join('');
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    // Without its hash in the header the body would not be covered by the signature.
    const headers = { 'x-amz-content-sha256': createHash('sha256').update(bytes).digest('hex') };
    await this.#ask(name, { method: 'PUT', headers, body: Uint8Array.from(bytes) });
  }

  async get(name: string, offset: number, length: number): Promise<Uint8Array> {
    const headers = { range: `bytes=${offset}-${offset + length - 1}` };
    const bytes = await this.#read(name, { headers });
    if (bytes.length === length) return bytes;
    throw new NotThere(`the bucket gave ${bytes.length} bytes of ${name} instead of ${length}`);
  }

  getAll(name: string): Promise<Uint8Array> {
    return this.#read(name, {});
  }

  /** ListObjectsV2: a thousand names a page. */
  async *list(folder: string): AsyncIterable<readonly string[]> {
    let token: string | undefined;
    do {
      const page = new URL(this.#root);
      page.searchParams.set('list-type', '2');
      page.searchParams.set('prefix', `${this.#prefix}${folder}/`);
      if (token !== undefined) page.searchParams.set('continuation-token', token);
      const xml = (await this.#ask(`${folder}/`, {}, page.href)).toString();
      const keys = [...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => textOf(key));
      yield keys.map((key) => key.slice(this.#prefix.length));
      token = textOf(/<NextContinuationToken>([^<]+)</.exec(xml)?.[1] ?? '') || undefined;
    } while (token !== undefined);
  }

  async delete(name: string): Promise<void> {
    try {
      await this.#ask(name, { method: 'DELETE' });
    } catch (error) {
      if (isStatus(error, [404])) return;
      // An object lock, a key without the right, a bucket that knows no deleting.
      if (isStatus(error, [400, 403, 405, 409, 501]))
        throw new KeptForGood((error as Error).message, { cause: error });
      throw error;
    }
  }

  #read(name: string, request: RequestInit): Promise<Buffer> {
    return this.#ask(name, request).catch((error: unknown) => {
      // 416: it ends before the range begins.
      throw isStatus(error, [404, 416]) ? new NotThere((error as Error).message, { cause: error }) : error;
    });
  }

  async #ask(name: string, request: RequestInit, url = `${this.#url}/${name}`): Promise<Buffer> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await this.#client.fetch(url, { ...request, signal });
    const answer = Buffer.from(await response.arrayBuffer());
    if (response.ok) return answer;
    // S3 names the reason in XML; the address of the bucket is no secret, the key stands nowhere in it.
    const reason = /<Code>([^<]{1,100})<\/Code>/.exec(answer.toString())?.[1] ?? '';
    throw new BucketRefusal(response.status, `${reason} to ${request.method ?? 'GET'} ${name}`);
  }
}

class BucketRefusal extends Error {
  override readonly name = 'BucketRefusal';
  readonly status: number;

  constructor(status: number, what: string) {
    super(`the bucket answered ${status} ${what}`);
    this.status = status;
  }
}

function isStatus(error: unknown, statuses: readonly number[]): boolean {
  return error instanceof BucketRefusal && statuses.includes(error.status);
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function textOf(xml: string): string {
  return xml.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => entities[name] ?? '');
}
