/**
 * Vietnamese as it was written before Unicode: one byte a letter by TCVN 5712 (the fonts .VnTime and their like), or a letter and
 * its marks behind it (the fonts VNI-Times and their like). Both pass for Latin letters to everybody who does not know, also when
 * they were pasted into a file of Unicode. Told apart by whether words come out.
 */

/** TCVN 5712:1993 from 0xA1 on; '?': marks that stand alone, which files in those fonts have not. */
const TCVN_LETTERS =
  'ĂÂÊÔƠƯĐăâêôơưđẰ' +
  '?????àảãáạẲằẳẵắẴ' +
  'ẮẦẨẪẤỀặầẩẫấậèỂẻẽ' +
  'éẹềểễếệìỉỄẾỒĩíịò' +
  'Ổỏõóọồổỗốộờởỡớợù' +
  'ỖủũúụừửữứựỳỷỹýỵỐ';

/** What VNI's letters stand for: a mark of the letter before them, or a letter. */
const VNI_MARKS: Readonly<Record<string, string>> = {
  ...{ ø: '\u0300', ù: '\u0301', û: '\u0309', õ: '\u0303', ï: '\u0323' },
  ...{
    â: '\u0302',
    à: '\u0302\u0300',
    á: '\u0302\u0301',
    å: '\u0302\u0309',
    ã: '\u0302\u0303',
    ä: '\u0302\u0323',
  },
  ...{
    ê: '\u0306',
    è: '\u0306\u0300',
    é: '\u0306\u0301',
    ú: '\u0306\u0309',
    ü: '\u0306\u0303',
    ë: '\u0306\u0323',
  },
  ...{ ñ: 'đ', ô: 'ơ', ö: 'ư', æ: 'ỉ', ó: 'ĩ', ò: 'ị', î: 'ỵ' },
};

/** Words with a letter beyond ASCII, with the signs that other letters are taken for. */
const WORDS = /[\p{L}\p{M}\p{S}\u00a1-\u00bf]+/gu;
/** A syllable without its tone. */
const SYLLABLE =
  /^(b|c|ch|d|đ|g|gh|gi|h|k|kh|l|m|n|ng|ngh|nh|p|ph|qu|r|s|t|th|tr|v|x)?[aăâeêioôơuưy]{1,3}(c|ch|m|n|ng|nh|p|t)?$/u;
const TONES = /[\u0300\u0301\u0303\u0309\u0323]/gu;
const MOST_LETTERS = 32 * 1024;
/** Of the words. */
export const NEARLY_ALL = 0.8;
const FEWEST_WORDS = 3;

/** How many of the words with letters beyond ASCII are syllables of Vietnamese, 0 to 1; null: there are none. */
export function vietnameseShare(text: string): number | null {
  const words = wordsOf(text.slice(0, MOST_LETTERS));
  return words.length === 0 ? null : words.filter(isSyllable).length / words.length;
}

const wordsOf = (text: string) => (text.match(WORDS) ?? []).filter((word) => /[\u0080-\uffff]/.test(word));

function isSyllable(word: string): boolean {
  const lower = word.toLowerCase();
  const isWritten = word === lower || word === word.toUpperCase() || word.slice(1) === lower.slice(1);
  const apart = lower.normalize('NFD');
  return (
    isWritten &&
    (apart.match(TONES)?.length ?? 0) <= 1 &&
    SYLLABLE.test(apart.replace(TONES, '').normalize('NFC'))
  );
}

/**
 * The old way in which a text was written, where that makes words of what is none. `text`: each letter one byte of it, as
 * windows-1252 shows them; others stay. `own`: how much of it are words as it would be read otherwise.
 */
export function oldFontOf(text: string, own = vietnameseShare(text) ?? 0): 'tcvn3' | 'vni' | null {
  const words = wordsOf(text.slice(0, MOST_LETTERS));
  // Of one word alone ('µ', 'm²') nothing can be told.
  if (words.length < FEWEST_WORDS) return null;
  const share = (read: (word: string) => string) =>
    words.filter((word) => isSyllable(read(word))).length / words.length;
  const [tcvn3, vni] = [share(fromTcvn3), share(fromVni)];
  if (Math.max(tcvn3, vni) < NEARLY_ALL || Math.max(tcvn3, vni) <= own) return null;
  return tcvn3 >= vni ? 'tcvn3' : 'vni';
}

function fromTcvn3(text: string): string {
  return text.replace(/[\u00a1-\u00ff]/g, (letter) => TCVN_LETTERS[letter.charCodeAt(0) - 0xa1] ?? letter);
}

function fromVni(text: string): string {
  return text
    .replace(/[\u00c0-\u00ff]/g, (letter) => {
      const known = VNI_MARKS[letter.toLowerCase()];
      if (known === undefined) return letter;
      return letter === letter.toLowerCase() ? known : known.toUpperCase();
    })
    .normalize('NFC');
}
