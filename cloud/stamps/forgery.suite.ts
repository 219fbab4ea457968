import { randomBytes } from 'node:crypto';
import { appendCheckCharacter, SYMBOLS } from '@nongtin/broker/wire';
import { seededRandom } from '@nongtin/service';
import { batchKeys } from './keys.ts';
import { holdsMac, parseSerial, serialOf } from './serial.ts';

const gtin14 = '08936000000011';
const BATCHES = 8;
const STAMPS = 25_000;
/** Genuine serials that the forger has. */
const KNOWN = 5_000;
const NO_KEY = new Uint8Array(32);

export interface ForgeryStory {
  readonly tried: number;
  /** Had the form of a serial, and so came to the MAC. */
  readonly wellFormed: number;
  /** Passed for a stamp and was none. */
  readonly accepted: readonly string[];
}

/**
 * A forger who has many genuine serials tries others: random ones, genuine ones with characters changed, swapped or mixed
 * from two, all with a check character that holds. He is judged as findStamp judges, without the database. The MAC keys are
 * random each time; what is tried comes from the seed.
 */
export function forgeryStory({ tries, seed }: { tries: number; seed: number }): ForgeryStory {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const keys = Array.from({ length: BATCHES }, () => batchKeys(new Uint8Array(randomBytes(32))).mac);
  const keyOf = (batchNumber: number) => keys[batchNumber - 1];
  const known = Array.from({ length: KNOWN }, () => {
    const batchNumber = 1 + below(BATCHES);
    return serialOf(keyOf(batchNumber) ?? new Uint8Array(32), gtin14, batchNumber, below(STAMPS));
  });
  const genuine = () => known[below(KNOWN)] ?? '';
  const symbols = (count: number) =>
    Array.from({ length: count }, () => SYMBOLS.charAt(below(SYMBOLS.length))).join('');
  const tricks: ((serial: string) => string)[] = [
    () => symbols(19),
    // A batch and an index that are there; the MAC made up.
    (serial) => serial.slice(0, 11) + symbols(8),
    (serial) => {
      const at = below(19);
      return serial.slice(0, at) + symbols(1) + serial.slice(at + 1, 19);
    },
    (serial) => {
      const at = below(18);
      return serial.slice(0, at) + serial.charAt(at + 1) + serial.charAt(at) + serial.slice(at + 2, 19);
    },
    // The MAC of another stamp.
    (serial) => serial.slice(0, 11) + genuine().slice(11, 19),
  ];
  const accepted: string[] = [];
  let wellFormed = 0;
  for (let i = 0; i < tries; i += 1) {
    const source = genuine();
    const serial = appendCheckCharacter(tricks[i % tricks.length]?.(source) ?? '');
    const parsed = parseSerial(serial);
    // A change that changed nothing is no forgery.
    if (!parsed.ok || serial === source) continue;
    wellFormed += 1;
    const { batchNumber, index } = parsed.parts;
    if (index < STAMPS && holdsMac(keyOf(batchNumber) ?? NO_KEY, gtin14, parsed.parts)) accepted.push(serial);
  }
  return { tried: tries, wellFormed, accepted };
}
