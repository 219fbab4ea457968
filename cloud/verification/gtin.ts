/**
 * GS1 syntax of a stamp's link. A GTIN always has 14 digits in a Digital Link (leading zeros); the last one is its
 * check digit: weights 3, 1, 3, 1 … from the right (GS1 General Specifications, section 7.9).
 */
export function isGtin14(text: string): boolean {
  if (!/^[0-9]{14}$/.test(text)) return false;
  const sum = [...text].reduce((total, digit, place) => total + Number(digit) * (place % 2 === 0 ? 3 : 1), 0);
  return sum % 10 === 0;
}

/** AI 21: 1 to 20 characters of GS1's character set 82. */
export function isSerialSyntax(text: string): boolean {
  return /^[!"%&'()*+,\-./0-9:;<=>?A-Za-z_]{1,20}$/.test(text);
}
