import { createHmac, timingSafeEqual } from 'node:crypto';
import { appendCheckCharacter, holdsCheckCharacter, SYMBOLS, symbolOf } from '@nongtin/broker/wire';

/**
 * A stamp's serial (GS1 AI 21): exactly 20 characters of Crockford base 32, upper case, so that the whole link
 * stays in a QR code's alphanumeric mode.
 *
 *   batch number (6 characters, 30 bit) | index (5, 25 bit) | MAC (8, 40 bit) | check character (1)
 *
 * The index stands in clear. A keyed permutation would hide how many stamps a lot has, and who a stamp's
 * neighbours are; we keep it plain because the index must be readable without the batch's secret (the verifier
 * binds it to the leaf, a printer's spoiled rolls are told by index), and because the number of stamps of a batch
 * is public anyway: it stands in the anchored batch record. Guessing a neighbour is what the MAC prevents.
 */
const SERIAL_LENGTH = 20;
export const MAX_BATCH_NUMBER = 2 ** 30 - 1;
export const MAX_STAMPS_PER_BATCH = 2 ** 25;

const BATCH_CHARACTERS = 6;
const INDEX_CHARACTERS = 5;
const MAC_CHARACTERS = 8;
const MAC_BYTES = 5;

/** What stands in a serial whose form is right; whether the MAC holds is another question. */
export interface SerialParts {
  readonly batchNumber: number;
  readonly index: number;
  /** The MAC's 8 characters as printed. */
  readonly mac: string;
}

export type SerialProblem = 'length' | 'alphabet' | 'check_character';

export type ParsedSerial =
  | { readonly ok: true; readonly serial: string; readonly parts: SerialParts }
  | { readonly ok: false; readonly problem: SerialProblem };

/**
 * Reads a serial; lower case is accepted, look-alikes (I, L, O, U) are not: a stamp is scanned, and a reader that
 * repairs is a reader that turns two different prints into one. The page may say which character is not ours.
 */
export function parseSerial(text: string): ParsedSerial {
  if (text.length !== SERIAL_LENGTH) return { ok: false, problem: 'length' };
  // ASCII only, before upper-casing: Unicode makes an S of 'ſ' and two characters of 'ß'.
  if (!/^[0-9A-Za-z]+$/.test(text)) return { ok: false, problem: 'alphabet' };
  const serial = text.toUpperCase();
  const symbols: number[] = [];
  for (const character of serial) {
    const symbol = symbolOf(character);
    if (symbol === undefined) return { ok: false, problem: 'alphabet' };
    symbols.push(symbol);
  }
  if (!holdsCheckCharacter(symbols)) return { ok: false, problem: 'check_character' };
  const indexStart = BATCH_CHARACTERS;
  const macStart = indexStart + INDEX_CHARACTERS;
  return {
    ok: true,
    serial,
    parts: {
      batchNumber: numberOf(symbols.slice(0, indexStart)),
      index: numberOf(symbols.slice(indexStart, macStart)),
      mac: serial.slice(macStart, macStart + MAC_CHARACTERS),
    },
  };
}

/** The serial of stamp `index`. `macKey`: the batch's key under the MAC label (keys.ts). */
export function serialOf(macKey: Uint8Array, gtin14: string, batchNumber: number, index: number): string {
  requireWithin('batch number', batchNumber, MAX_BATCH_NUMBER);
  requireWithin('index', index, MAX_STAMPS_PER_BATCH - 1);
  const body =
    charactersOf(batchNumber, BATCH_CHARACTERS) +
    charactersOf(index, INDEX_CHARACTERS) +
    macCharacters(macKey, gtin14, batchNumber, index);
  return appendCheckCharacter(body);
}

/** Whether this MAC belongs to this batch, GTIN and index; compared in constant time. */
export function holdsMac(macKey: Uint8Array, gtin14: string, parts: SerialParts): boolean {
  const expected = Buffer.from(macCharacters(macKey, gtin14, parts.batchNumber, parts.index));
  const given = Buffer.from(parts.mac);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function macCharacters(macKey: Uint8Array, gtin14: string, batchNumber: number, index: number): string {
  const message = Buffer.alloc(8);
  message.writeUInt32BE(batchNumber, 0);
  message.writeUInt32BE(index, 4);
  const mac = createHmac('sha256', macKey)
    .update('nongtin/serial/1')
    .update(gtin14, 'ascii')
    .update(message)
    .digest();
  return charactersOf(mac.readUIntBE(0, MAC_BYTES), MAC_CHARACTERS);
}

function numberOf(symbols: readonly number[]): number {
  // Multiplied, not shifted: 30 and 40 bits do not fit JavaScript's signed 32-bit shifts.
  return symbols.reduce((sum, symbol) => sum * 32 + symbol, 0);
}

function charactersOf(value: number, length: number): string {
  let rest = value;
  let text = '';
  for (let i = 0; i < length; i += 1) {
    text = SYMBOLS.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

function requireWithin(what: string, value: number, maximum: number): void {
  if (!Number.isSafeInteger(value) || value < 0 || value > maximum) {
    throw new RangeError(`a stamp's ${what} is a whole number from 0 to ${maximum}, not ${value}`);
  }
}
