import { packed, septetsOf } from './gsm7.ts';

/** A part of a message as AT+CMGS takes it in PDU mode. */
export interface Pdu {
  /** With a first '00': the SIM's own service centre. */
  readonly hex: string;
  /** Bytes without that, as AT+CMGS states them. */
  readonly length: number;
}

/** What fits (TS 23.040, 9.2.3.24.1): in one message, and in each part of several. */
const SEPTETS = { single: 160, part: 153 };
const UNITS = { single: 70, part: 67 };
/** An SMS holds at most 255 parts; nobody is sent more than these. */
const MOST_PARTS = 4;

/**
 * SMS-SUBMIT (3GPP TS 23.040, 9.2.2.2) of a text to an international number ('+84901234567'). A text of letters that GSM's own
 * alphabet has takes 160 of them; any other, as Vietnamese, is written in UCS-2, 70 letters. What is longer becomes parts
 * that the phone puts together again by `reference` (0 to 255); what is longer than four is cut.
 */
export function submitPdus(to: string, text: string, reference: number): Pdu[] {
  const letters = [...text];
  const septets = letters.map(septetsOf);
  const isGsm = septets.every((one) => one !== undefined);
  const units = isGsm ? (septets as number[][]) : letters.map((letter) => [...ucs2(letter)]);
  const { single, part } = isGsm ? SEPTETS : UNITS;
  const total = units.reduce((sum, { length }) => sum + length, 0);
  const parts = total <= single ? [units.flat()] : split(units, part).slice(0, MOST_PARTS);
  return parts.map((one, n) => {
    const header = parts.length === 1 ? [] : [0x05, 0x00, 0x03, reference & 0xff, parts.length, n + 1];
    return pdu(to, one, header, isGsm);
  });
}

function pdu(to: string, units: readonly number[], header: readonly number[], isGsm: boolean): Pdu {
  const fillBits = header.length === 0 ? 0 : (7 - ((header.length * 8) % 7)) % 7;
  const data = isGsm ? packed(units, fillBits) : bytesOf(units);
  // Counted in septets, the header's with them, or in bytes.
  const dataLength = isGsm
    ? units.length + Math.ceil((header.length * 8) / 7)
    : units.length * 2 + header.length;
  const digits = to.replace('+', '');
  const tpdu = [
    // SMS-SUBMIT with a relative validity period, and a header where there is one.
    header.length === 0 ? 0x11 : 0x51,
    0x00,
    digits.length,
    0x91,
    ...swapped(digits),
    0x00,
    isGsm ? 0x00 : 0x08,
    // Six hours: (validity + 1) × 5 minutes (9.2.3.12.1).
    71,
    dataLength,
    ...header,
    ...data,
  ];
  return { hex: `00${hexOf(tpdu)}`, length: tpdu.length };
}

/** No letter of two codes is cut in two. */
function split(units: readonly (readonly number[])[], most: number): number[][] {
  const parts: number[][] = [[]];
  for (const unit of units) {
    let last = parts.at(-1) as number[];
    if (last.length + unit.length > most) {
      last = [];
      parts.push(last);
    }
    last.push(...unit);
  }
  return parts;
}

/** Pairs of digits, the second first; an odd number is filled up with F. */
function swapped(digits: string): number[] {
  const even = digits.length % 2 === 0 ? digits : `${digits}F`;
  return (even.match(/../g) ?? []).map((pair) => Number.parseInt(`${pair[1]}${pair[0]}`, 16));
}

/** UTF-16 units; a letter beyond the first plane has two, which phones understand. */
function ucs2(text: string): number[] {
  return Array.from({ length: text.length }, (_, n) => text.charCodeAt(n));
}

function bytesOf(units: readonly number[]): number[] {
  return units.flatMap((unit) => [unit >> 8, unit & 0xff]);
}

function hexOf(bytes: readonly number[]): string {
  return Buffer.from(bytes).toString('hex').toUpperCase();
}

/** A text in UCS-2 as hex digits, as a modem takes it in text mode with AT+CSCS="UCS2". */
export function ucs2Hex(text: string): string {
  return hexOf(bytesOf(ucs2(text)));
}
