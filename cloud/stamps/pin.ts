import { createHmac, timingSafeEqual } from 'node:crypto';

export const PIN_DIGITS = 8;

/**
 * The PIN under a stamp's scratch layer: 8 decimal digits of a MAC under the batch's PIN key, so that nothing is stored. It is
 * on no chain and in no proof. Of 64 bits the remainder by 10^8 favours no PIN by more than 10^-11 of its odds.
 */
export function pinOf(pinKey: Uint8Array, index: number): string {
  const message = Buffer.alloc(4);
  message.writeUInt32BE(index);
  const mac = createHmac('sha256', pinKey).update('nongtin/pin/1').update(message).digest();
  return String(mac.readBigUInt64BE() % 10n ** BigInt(PIN_DIGITS)).padStart(PIN_DIGITS, '0');
}

/** Compared in constant time. */
export function holdsPin(pinKey: Uint8Array, index: number, pin: string): boolean {
  const expected = Buffer.from(pinOf(pinKey, index));
  const given = Buffer.from(pin);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
