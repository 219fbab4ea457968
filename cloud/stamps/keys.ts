import { createHmac, hkdfSync } from 'node:crypto';

/**
 * A batch has one secret of 32 bytes; everything secret about its stamps is derived from it, under labels that keep
 * the uses apart: knowing one stamp's salt (its proof reveals it) tells nothing about MACs or PINs.
 */
export interface BatchKeys {
  readonly mac: Uint8Array;
  readonly salt: Uint8Array;
  readonly pin: Uint8Array;
}

export const BATCH_SECRET_BYTES = 32;

export function batchKeys(secret: Uint8Array): BatchKeys {
  if (secret.length !== BATCH_SECRET_BYTES) throw new RangeError('a batch secret has 32 bytes');
  return { mac: derive(secret, 'mac'), salt: derive(secret, 'salt'), pin: derive(secret, 'pin') };
}

/** The secret 32-byte salt of one stamp's leaf, revealed only in that stamp's own proof. */
export function stampSalt(saltKey: Uint8Array, index: number): Uint8Array {
  const message = Buffer.alloc(4);
  message.writeUInt32BE(index);
  return createHmac('sha256', saltKey).update(message).digest();
}

function derive(secret: Uint8Array, label: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(), `nongtin/stamp-batch/1/${label}`, 32));
}
