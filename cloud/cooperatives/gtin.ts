/**
 * GS1's check digit of a GTIN-14 (GS1 General Specifications, 7.9): from the right, digits weigh 3, 1, 3, 1 …
 * `digits` are the first 13.
 */
export function checkDigit(digits: string): string {
  const sum = [...digits].reduce(
    (total, digit, index) => total + Number(digit) * (index % 2 === 0 ? 3 : 1),
    0,
  );
  return String((10 - (sum % 10)) % 10);
}

/** 14 digits with leading zeros, the last one right. Shorter forms are refused: they name the same thing twice. */
export function isGtin14(text: string): boolean {
  return /^[0-9]{14}$/.test(text) && checkDigit(text.slice(0, 13)) === text.slice(13);
}
