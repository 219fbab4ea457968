/** The default alphabet of GSM (3GPP TS 23.038, 6.2.1), by its codes; '\x1b' leads to the extension (6.2.1.1). */
const BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
  '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
const EXTENSION: Readonly<Record<string, number>> = {
  '\f': 0x0a,
  '^': 0x14,
  '{': 0x28,
  '}': 0x29,
  '\\': 0x2f,
  '[': 0x3c,
  '~': 0x3d,
  ']': 0x3e,
  '|': 0x40,
  '€': 0x65,
};
const ESCAPE = 0x1b;
const codes = new Map([...BASIC].map((letter, code) => [letter, code]));
codes.delete('\x1b');

/** A letter's codes, one or two of 7 bits; undefined: the alphabet has it not. */
export function septetsOf(letter: string): readonly number[] | undefined {
  const code = codes.get(letter);
  if (code !== undefined) return [code];
  const extended = EXTENSION[letter];
  return extended === undefined ? undefined : [ESCAPE, extended];
}

/** Codes of 7 bits, the lowest bits first, behind `fillBits` empty ones (TS 23.038, 6.1.2.1.1). */
export function packed(septets: readonly number[], fillBits = 0): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((septets.length * 7 + fillBits) / 8));
  septets.forEach((septet, n) => {
    const bit = fillBits + n * 7;
    const shifted = septet << (bit & 7);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (shifted & 0xff);
    if (shifted > 0xff) bytes[(bit >> 3) + 1] = (bytes[(bit >> 3) + 1] ?? 0) | (shifted >> 8);
  });
  return bytes;
}
