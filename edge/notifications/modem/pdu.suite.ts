import { septetsOf } from './gsm7.ts';

const letters = new Map<number, string>();
for (let code = 0; code < 0x3000; code++) {
  const letter = String.fromCharCode(code);
  const [septet, ...more] = septetsOf(letter) ?? [];
  if (septet !== undefined && more.length === 0) letters.set(septet, letter);
}
const extension = new Map(
  [...'^{}\\[~]|€\f'].map((letter) => [septetsOf(letter)?.[1] ?? -1, letter] as const),
);

/** Reads an SMS-SUBMIT by its specification, as a service centre does (TS 23.040, 9.2.2.2). */
export function decodedPdu(hex: string) {
  const bytes = Buffer.from(hex, 'hex');
  const centre = bytes[0] ?? 0;
  const tpdu = bytes.subarray(1 + centre);
  const [first = 0, , digits = 0, type] = tpdu;
  const addressBytes = Math.ceil(digits / 2);
  const number = [...tpdu.subarray(4, 4 + addressBytes)]
    .map((byte) => `${(byte & 15).toString(16)}${(byte >> 4).toString(16)}`)
    .join('')
    .slice(0, digits);
  const rest = tpdu.subarray(4 + addressBytes);
  const [, coding = 0, validity, length = 0] = rest;
  const data = rest.subarray(4);
  const hasHeader = (first & 0x40) !== 0;
  const headerBytes = hasHeader ? (data[0] ?? 0) + 1 : 0;
  const part = hasHeader ? { reference: data[3], of: data[4], number: data[5] } : undefined;
  const isUcs2 = coding === 8;
  if ((first & 0x03) !== 1 || (first & 0x18) !== 0x10 || type !== 0x91)
    throw new Error('no SMS-SUBMIT with a relative validity to an international number');
  if (isUcs2 ? data.length !== length : data.length !== Math.ceil((length * 7) / 8))
    throw new Error(`the length ${length} is not that of the data`);
  if (data.length > 140) throw new Error('more than 140 bytes');
  const text = isUcs2
    ? Buffer.from(data.subarray(headerBytes)).swap16().toString('utf16le')
    : unpacked(data, length, Math.ceil((headerBytes * 8) / 7));
  return { to: `+${number}`, text, isUcs2, validity, part, length: tpdu.length };
}

function unpacked(data: Uint8Array, septets: number, skip: number): string {
  let text = '';
  let isExtended = false;
  for (let n = skip; n < septets; n++) {
    const bit = n * 7;
    const pair = (data[bit >> 3] ?? 0) | ((data[(bit >> 3) + 1] ?? 0) << 8);
    const septet = (pair >> (bit & 7)) & 0x7f;
    if (septet === 0x1b) isExtended = true;
    else {
      text += (isExtended ? extension : letters).get(septet) ?? '?';
      isExtended = false;
    }
  }
  return text;
}
