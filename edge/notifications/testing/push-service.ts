import { createDecipheriv, createECDH, createPublicKey, hkdfSync, randomBytes, verify } from 'node:crypto';
import type { Subscription } from '../channels/web-push.ts';
import { type Asked, httpService, type Said } from './http-service.ts';

/** A browser: it subscribes, and reads what is sent to it (RFC 8291, section 3; RFC 8188). */
export function browser(endpoint: string) {
  const own = createECDH('prime256v1');
  own.generateKeys();
  const auth = randomBytes(16);
  const subscription: Subscription = {
    endpoint,
    keys: { p256dh: own.getPublicKey().toString('base64url'), auth: auth.toString('base64url') },
  };
  const read = (body: Buffer): string => {
    const salt = body.subarray(0, 16);
    const recordSize = body.readUInt32BE(16);
    const idLength = body[20] ?? 0;
    const serverKey = body.subarray(21, 21 + idLength);
    const record = body.subarray(21 + idLength);
    if (idLength !== 65 || record.length > recordSize)
      throw new Error('not one record with a key of 65 bytes');
    const shared = own.computeSecret(serverKey);
    const info = Buffer.concat([Buffer.from('WebPush: info\0'), own.getPublicKey(), serverKey]);
    const keying = Buffer.from(hkdfSync('sha256', shared, auth, info, 32));
    const derive = (what: string, length: number) =>
      Buffer.from(hkdfSync('sha256', keying, salt, Buffer.from(`Content-Encoding: ${what}\0`), length));
    const decipher = createDecipheriv('aes-128-gcm', derive('aes128gcm', 16), derive('nonce', 12));
    decipher.setAuthTag(record.subarray(-16));
    const plain = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()]);
    // The last record's text ends with 2 and any number of zeros (RFC 8188, 2).
    const end = plain.lastIndexOf(2);
    return plain.subarray(0, end).toString('utf8');
  };
  return { subscription, read };
}

/** What is wrong with a request by RFC 8030 (5) and RFC 8292 (2, 3); undefined: nothing. `nowMs`: the service's clock. */
function pushProblem({ headers, body }: Asked, origin: string, publicKey: string, nowMs: number) {
  if (!/^\d+$/.test(String(headers.ttl))) return '400 no TTL';
  if (headers['content-encoding'] !== 'aes128gcm') return '415 another encoding';
  if (headers.topic !== undefined && !/^[A-Za-z0-9_-]{1,32}$/.test(String(headers.topic))) return '400 topic';
  if (!['very-low', 'low', 'normal', 'high', undefined].includes(headers.urgency as string))
    return '400 urgency';
  if (body.length > 4096) return '413 too long';
  const [, token = '', key = ''] = /^vapid t=([^,\s]+),\s*k=(\S+)$/.exec(headers.authorization ?? '') ?? [];
  const [head = '', claims = '', signature = ''] = token.split('.');
  if (key !== publicKey) return '403 another key';
  const point = Buffer.from(key, 'base64url');
  const jwk = {
    ...{ kty: 'EC', crv: 'P-256' },
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  };
  const isSigned = verify(
    'sha256',
    Buffer.from(`${head}.${claims}`),
    { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  if (!isSigned) return '403 signature';
  const { alg } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { alg: string };
  const claimed = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>;
  if (alg !== 'ES256') return '401 algorithm';
  if (claimed.aud !== origin) return '401 audience';
  if (!/^(mailto:|https:)/.test(String(claimed.sub))) return '401 contact';
  const exp = Number(claimed.exp) * 1_000;
  return exp <= nowMs || exp > nowMs + 86_400_000 + 60_000 ? '401 end' : undefined;
}

/** A push service that takes only what the RFCs allow. */
export async function pushService(publicKey: string, say: () => Said | undefined = () => undefined) {
  const service = await httpService((asked) => {
    const problem = pushProblem(asked, service.url, publicKey, Date.now());
    if (problem !== undefined) return { status: Number(problem.slice(0, 3)), body: problem };
    return say() ?? { status: 201, headers: { location: `${service.url}/message/1` } };
  });
  return service;
}
