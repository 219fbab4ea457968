import { SYMBOLS } from '@nongtin/broker/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holdsMac, MAX_BATCH_NUMBER, MAX_STAMPS_PER_BATCH, parseSerial, serialOf } from './serial.ts';

const gtin14 = '08936000000011';
const key = new Uint8Array(32).fill(7);
const batchNumbers = fc.integer({ min: 0, max: MAX_BATCH_NUMBER });
const indices = fc.integer({ min: 0, max: MAX_STAMPS_PER_BATCH - 1 });

function genuine(text: string, gtin = gtin14, macKey = key): boolean {
  const parsed = parseSerial(text);
  return parsed.ok && holdsMac(macKey, gtin, parsed.parts);
}

describe('a serial', () => {
  it('comes back as the batch number and index it was made of', () => {
    fc.assert(
      fc.property(batchNumbers, indices, (batchNumber, index) => {
        const serial = serialOf(key, gtin14, batchNumber, index);
        expect(serial).toMatch(/^[0-9A-HJKMNP-TV-Z]{20}$/);
        expect(parseSerial(serial)).toMatchObject({ ok: true, parts: { batchNumber, index } });
        expect(genuine(serial)).toBe(true);
      }),
    );
  });

  it('is the same for ever: these are already printed', () => {
    expect(serialOf(key, gtin14, 1, 0)).toMatchInlineSnapshot(`"00000100000WF7CHJ0NB"`);
    expect(serialOf(key, gtin14, MAX_BATCH_NUMBER, MAX_STAMPS_PER_BATCH - 1)).toMatchInlineSnapshot(
      `"ZZZZZZZZZZZ8CKHZ6190"`,
    );
  });

  it('holds only under its own GTIN, batch key and position', () => {
    const serial = serialOf(key, gtin14, 5, 9);
    expect(genuine(serial, '08936000000028')).toBe(false);
    expect(genuine(serial, gtin14, new Uint8Array(32).fill(8))).toBe(false);
    expect(serialOf(key, gtin14, 5, 10).slice(11, 19)).not.toBe(serial.slice(11, 19));
  });

  it('is refused by its check character after any one wrong character', () => {
    fc.assert(
      fc.property(batchNumbers, indices, (batchNumber, index) => {
        const serial = serialOf(key, gtin14, batchNumber, index);
        for (let place = 0; place < 20; place += 1) {
          for (const other of SYMBOLS) {
            if (other === serial[place]) continue;
            const slip = serial.slice(0, place) + other + serial.slice(place + 1);
            if (parseSerial(slip).ok) throw new Error(`${slip} passes for ${serial}`);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it('is refused by its check character after an exchange of any two different characters', () => {
    fc.assert(
      fc.property(batchNumbers, indices, (batchNumber, index) => {
        const serial = serialOf(key, gtin14, batchNumber, index);
        for (let a = 0; a < 20; a += 1) {
          for (let b = a + 1; b < 20; b += 1) {
            const swapped = [...serial];
            [swapped[a], swapped[b]] = [serial.charAt(b), serial.charAt(a)];
            if (serial[a] !== serial[b]) {
              expect(parseSerial(swapped.join(''))).toEqual({ ok: false, problem: 'check_character' });
            }
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  it('is read in lower case too, and its problem has a name', () => {
    const serial = serialOf(key, gtin14, 77, 1234);
    expect(parseSerial(serial.toLowerCase())).toEqual(parseSerial(serial));
    expect(parseSerial(serial.slice(1))).toEqual({ ok: false, problem: 'length' });
    expect(parseSerial(`${serial}0`)).toEqual({ ok: false, problem: 'length' });
    expect(parseSerial(`O${serial.slice(1)}`)).toEqual({ ok: false, problem: 'alphabet' });
    for (const foreign of ['ß', 'ſ', 'ı', ' ', '-', '\u0000']) {
      expect(parseSerial(foreign + serial.slice(1))).toEqual({ ok: false, problem: 'alphabet' });
    }
  });

  it('is not found by 100,000 random or altered tries', () => {
    let state = 12345;
    const random = (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const real = serialOf(key, gtin14, 3, 41);
    let accepted = 0;
    for (let i = 0; i < 100_000; i += 1) {
      const characters =
        i % 2 === 0
          ? Array.from({ length: 20 }, () => SYMBOLS.charAt(random(32)))
          : [...real].map((c) => (random(4) === 0 ? SYMBOLS.charAt(random(32)) : c));
      const text = characters.join('');
      if (text !== real && genuine(text)) accepted += 1;
    }
    expect(accepted).toBe(0);
  });

  it('refuses to be made beyond its fields', () => {
    expect(() => serialOf(key, gtin14, MAX_BATCH_NUMBER + 1, 0)).toThrow(RangeError);
    expect(() => serialOf(key, gtin14, 0, MAX_STAMPS_PER_BATCH)).toThrow(RangeError);
    expect(() => serialOf(key, gtin14, 0, 0.5)).toThrow(RangeError);
  });
});
