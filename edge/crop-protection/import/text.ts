import type { Reason } from '@nongtin/broker/wire';
import { NEARLY_ALL, oldFontOf, vietnameseShare } from './old-fonts.ts';

type Decoded =
  | { readonly text: string; readonly encoding: string; readonly notes: readonly Reason[] }
  /** `line`: from 1, where it can be told. */
  | { readonly problem: Reason; readonly line?: number };

const FEW_BYTES = 4_096;
/** Of ASCII text in UTF-16 nearly every other byte is zero; of text in one byte a letter none is. */
const ZEROS = 0.2;
const BEGINNINGS = {
  excel: [
    [0x50, 0x4b, 0x03, 0x04],
    [0xd0, 0xcf, 0x11, 0xe0],
  ],
  pdf: [[0x25, 0x50, 0x44, 0x46]],
};
const FONTS = { tcvn3: 'import_is_tcvn3', vni: 'import_is_vni' } as const;
const LINES = /\r\n|\r|\n/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const NO_LETTERS = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;
/** What a Vietnamese text has beside ASCII, composed (NFC). */
const VIETNAMESE = /^[ -~\t\r\nÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝàáâãèéêìíòóôõùúýĂăĐđĨĩŨũƠơƯưẠ-ỹ“”‘’–—…°²³µ·×±\u00a0]*$/;

/**
 * A table's bytes as text. UTF-8 and UTF-16 with a byte order mark or without; windows-1258 where what comes out are Vietnamese words,
 * and a note says so. Anything else is refused with the remedy, not guessed; TCVN3 and VNI by their names.
 */
export function decodeTable(bytes: Uint8Array): Decoded {
  if (bytes.every((byte) => byte === 0x20 || byte === 0x0a || byte === 0x0d))
    return refused('import_empty_file');
  if (BEGINNINGS.excel.some((beginning) => beginsWith(bytes, beginning))) return refused('import_is_excel');
  if (BEGINNINGS.pdf.some((beginning) => beginsWith(bytes, beginning))) return refused('import_is_pdf');
  const sixteen = utf16Of(bytes);
  const read =
    sixteen === null
      ? (decoded(bytes, 'utf-8', 'UTF-8') ?? inOneByte(bytes))
      : (decoded(bytes, sixteen, sixteen) ?? refused('import_encoding_unknown'));
  if ('problem' in read) return read;
  const broken = read.text.search(NO_LETTERS);
  if (broken >= 0) {
    const lines = read.text.slice(0, broken + 1).split(LINES);
    const figures = { letter: lines.at(-1)?.length ?? 1 };
    return { problem: { key: 'import_not_text', figures }, line: lines.length };
  }
  // Also in Unicode: pasted from a document in such a font.
  const font = oldFontOf(read.text);
  return font === null ? read : refused(FONTS[font]);
}

/** Letters of one byte each: windows-1258, or how fonts had it before Unicode. */
function inOneByte(bytes: Uint8Array): Decoded {
  const latin = new TextDecoder('windows-1252').decode(bytes);
  const old = decoded(bytes, 'windows-1258', 'windows-1258');
  const share = old !== undefined && VIETNAMESE.test(old.text) ? (vietnameseShare(old.text) ?? 1) : 0;
  const font = oldFontOf(latin, share);
  if (font !== null) return refused(FONTS[font]);
  return old === undefined || share < NEARLY_ALL
    ? refused('import_encoding_unknown')
    : { ...old, notes: [{ key: 'import_read_as_windows_1258', figures: {} }] };
}

const refused = (key: string) => ({ problem: { key, figures: {} } });

function decoded(bytes: Uint8Array, label: string, encoding: string) {
  try {
    // A byte order mark is taken away; composed, or one letter would be another one of the same looks.
    const text = new TextDecoder(label, { fatal: true }).decode(bytes).normalize('NFC');
    return { text, encoding: encoding.toUpperCase().replace('WINDOWS', 'windows'), notes: [] };
  } catch {
    return undefined;
  }
}

function utf16Of(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | null {
  if (beginsWith(bytes, [0xff, 0xfe])) return 'utf-16le';
  if (beginsWith(bytes, [0xfe, 0xff])) return 'utf-16be';
  const head = bytes.subarray(0, FEW_BYTES);
  const zeros = [0, 0];
  for (const [at, byte] of head.entries()) if (byte === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros;
  if (Math.max(even, odd) < (head.length / 2) * ZEROS) return null;
  return odd > even ? 'utf-16le' : 'utf-16be';
}

function beginsWith(bytes: Uint8Array, beginning: readonly number[]): boolean {
  return beginning.every((byte, at) => bytes[at] === byte);
}
