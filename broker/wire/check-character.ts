/**
 * The last character of a text that people type or read out: a stamp's serial, a claim code. Its characters are numbers
 * of the field GF(2^5); their sum, weighted with powers of a primitive element, is zero. The weights of up to 31 places are
 * all different and none is zero (the element has order 31), so one wrong character always changes the sum, and so does an
 * exchange of any two different characters, neighbours among them.
 */
export const SYMBOLS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** x^5 + x^2 + 1, primitive over GF(2): x generates all 31 elements that are not zero. */
const POLYNOMIAL = 0b100101;

const symbolsByCharacter = new Map([...SYMBOLS].map((character, symbol) => [character, symbol]));

/** The character's 5-bit value, or undefined when it is not one of the 32. */
export function symbolOf(character: string): number | undefined {
  return symbolsByCharacter.get(character);
}

/** The text with its check character. Throws on a character that is not of the alphabet: a mistake of ours. */
export function appendCheckCharacter(text: string): string {
  const symbols = [...text].map((character) => {
    const symbol = symbolOf(character);
    if (symbol === undefined) throw new RangeError(`'${character}' is not of the alphabet`);
    return symbol;
  });
  // The check character's own weight is 1, so it is the sum of the others: in this field, minus is plus.
  return text + SYMBOLS.charAt(weightedSum([...symbols, 0]));
}

export function holdsCheckCharacter(symbols: readonly number[]): boolean {
  return weightedSum(symbols) === 0;
}

/** Horner's rule: the last symbol has weight x^0, the one before x^1, and so on. */
function weightedSum(symbols: readonly number[]): number {
  return symbols.reduce((sum, symbol) => timesX(sum) ^ symbol, 0);
}

function timesX(value: number): number {
  const shifted = value << 1;
  return shifted & 0b100000 ? shifted ^ POLYNOMIAL : shifted;
}
