import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { isPacked, MOST_UNPACKED_BYTES } from '@nongtin/broker/wire';

const decompress = promisify(zstdDecompress);

/**
 * The JSON of a gateway's message, packed or plain. Rejects when it is none, and as soon as a frame gives more than a
 * message may hold: a small frame can stand for gigabytes.
 */
export async function unpack(message: Uint8Array): Promise<unknown> {
  const json = isPacked(message)
    ? await decompress(message, { maxOutputLength: MOST_UNPACKED_BYTES })
    : message;
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
}
