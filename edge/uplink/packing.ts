import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';

const compress = promisify(zstdCompress);
/** On messages of journal entries higher levels gain nothing: two thirds of what is left are hashes and signatures. */
const FASTEST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** A message as it travels: packed in a thread of Node's pool, or plain where packing gains nothing. */
export async function packed(json: string): Promise<Uint8Array> {
  const plain = Buffer.from(json);
  const frame = await compress(plain, FASTEST);
  return frame.length < plain.length ? frame : plain;
}
