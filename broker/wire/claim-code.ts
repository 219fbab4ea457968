import { appendCheckCharacter, holdsCheckCharacter, SYMBOLS, symbolOf } from './check-character.ts';

/**
 * The code with which a new gateway claims its place in a cooperative, as people see, type and read it out: 14 random
 * characters of Crockford's base32 (70 bits) and a check character, in three groups: `7K2QM-0XWTB-9HE4C`.
 */
export const CLAIM_CODE_RANDOM_CHARACTERS = 14;
const LENGTH = CLAIM_CODE_RANDOM_CHARACTERS + 1;
const GROUP = /.{5}(?=.)/g;

/** From as many random bytes as it has random characters. */
export function claimCodeOf(random: Uint8Array): string {
  if (random.length !== CLAIM_CODE_RANDOM_CHARACTERS)
    throw new RangeError(`a claim code takes ${CLAIM_CODE_RANDOM_CHARACTERS} random bytes`);
  // 256 is a multiple of 32: every character is as likely as any other.
  const characters = [...random].map((byte) => SYMBOLS.charAt(byte % SYMBOLS.length)).join('');
  return grouped(appendCheckCharacter(characters));
}

/**
 * The code that somebody typed, in its one spelling: upper or lower case, with or without dashes and spaces, O for 0 and
 * I or L for 1. Undefined when it is none: of another length, with a foreign character, or mistyped in one place.
 */
export function readClaimCode(typed: string): string | undefined {
  if (typed.length > 4 * LENGTH) return undefined;
  const characters = typed
    .toUpperCase()
    .replace(/[\s\p{Pd}]/gu, '')
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1');
  const symbols = [...characters].map(symbolOf);
  if (symbols.length !== LENGTH || !symbols.every((symbol) => symbol !== undefined)) return undefined;
  return holdsCheckCharacter(symbols) ? grouped(characters) : undefined;
}

function grouped(characters: string): string {
  return characters.replace(GROUP, '$&-');
}
