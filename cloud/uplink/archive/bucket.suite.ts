import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Bucket } from './bucket-objects.ts';

export interface TestBucket {
  readonly bucket: Bucket;
  readonly objects: Map<string, Buffer>;
  /** Answers with this status from now on, or again as it should; every method unless one is named. */
  fail(status: number | undefined, method?: string): void;
  stop(): Promise<void>;
}

/**
 * A bucket in memory that takes what is signed by Signature Version 4 and nothing else. The check is written after the
 * specification and shares no code with the client's; it stands in for a real S3 server, which no Debian package offers.
 */
export async function startBucket(): Promise<TestBucket> {
  const objects = new Map<string, Buffer>();
  const keys = { region: 'asia-test-1', keyId: 'AKIDEXAMPLE', secret: 'a secret of the test' };
  let failing: { readonly status: number | undefined; readonly method: string | undefined } | undefined;
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    if (failing?.status !== undefined && (failing.method ?? request.method) === request.method)
      return refuse(response, failing.status, failing.status === 403 ? 'AccessDenied' : 'SlowDown');
    if (!isSigned(request, body, keys)) return refuse(response, 403, 'SignatureDoesNotMatch');
    const url = new URL(request.url ?? '', 'http://bucket');
    const name = decodeURIComponent(url.pathname);
    if (request.method === 'PUT') {
      objects.set(name, body);
      return response.end();
    }
    if (request.method === 'DELETE') {
      objects.delete(name);
      return response.writeHead(204).end();
    }
    if (name === '/farm-entries') return response.end(listed([...objects.keys()], url.searchParams));
    const object = objects.get(name);
    if (object === undefined) return refuse(response, 404, 'NoSuchKey');
    if (request.headers.range === undefined) return response.end(object);
    const [, from = '0', to = ''] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    return response.writeHead(206).end(object.subarray(Number(from), Number(to) + 1));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    bucket: { url: `http://127.0.0.1:${port}/farm-entries/archive`, ...keys },
    objects,
    fail: (status, method) => {
      failing = { status, method };
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html, with pages of two and a token that needs escaping. */
function listed(paths: readonly string[], query: URLSearchParams): string {
  if (query.get('list-type') !== '2') return '';
  const keys = paths.map((path) => path.slice('/farm-entries/'.length)).sort();
  const token = query.get('continuation-token');
  const after = token?.slice('<&>'.length) ?? '';
  const found = keys.filter((key) => key.startsWith(query.get('prefix') ?? '') && key > after);
  const page = found.slice(0, 2);
  const next =
    found.length > 2 ? `<NextContinuationToken>&lt;&amp;&gt;${page.at(-1)}</NextContinuationToken>` : '';
  const contents = page.map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`);
  return `<?xml version="1.0"?><ListBucketResult>${next}${contents.join('')}</ListBucketResult>`;
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status).end(`<Error><Code>${code}</Code></Error>`);
}

/** docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
function isSigned(request: IncomingMessage, body: Buffer, keys: Omit<Bucket, 'url'>): boolean {
  const given = /^AWS4-HMAC-SHA256 Credential=(.+), ?SignedHeaders=(.+), ?Signature=([0-9a-f]{64})$/.exec(
    request.headers.authorization ?? '',
  );
  const [, credential = '', signedHeaders = '', signature = ''] = given ?? [];
  const [keyId, date = '', region = '', service = '', end] = credential.split('/');
  if (keyId !== keys.keyId || region !== keys.region || service !== 's3' || end !== 'aws4_request')
    return false;
  const claimed = String(request.headers['x-amz-content-sha256'] ?? '');
  if (request.method === 'PUT' && claimed !== sha256(body)) return false;
  const headers = signedHeaders.split(';').map((name) => `${name}:${String(request.headers[name]).trim()}\n`);
  const [path, query = ''] = (request.url ?? '').split('?');
  const canonical = [
    request.method,
    path,
    canonicalQuery(query),
    headers.join(''),
    signedHeaders,
    claimed,
  ].join('\n');
  const time = String(request.headers['x-amz-date']);
  const toSign = ['AWS4-HMAC-SHA256', time, `${date}/${region}/s3/aws4_request`, sha256(canonical)].join(
    '\n',
  );
  const key = [date, region, 's3', 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${keys.secret}`);
  const expected = hmac(key, toSign);
  return timingSafeEqual(expected, Buffer.from(signature.padEnd(64, '0'), 'hex'));
}

function canonicalQuery(query: string): string {
  const escaped = (text: string) =>
    encodeURIComponent(text).replace(
      /[!'()*]/g,
      (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  return [...new URLSearchParams(query)]
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
    .sort()
    .join('&');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(bytes: string | Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
