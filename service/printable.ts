/**
 * What moves a terminal's cursor, ends its line, colours it or turns its direction: C0 and C1, the line separators of
 * Unicode, the marks of bidirectional text.
 */
const COMMANDS = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Text of others in one line of a terminal, so that nobody writes there in our name: what would be obeyed instead of shown
 * stands as \uXXXX. JSON stays the same JSON.
 */
export function printable(text: string): string {
  return text.replace(COMMANDS, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
