import type { StrangeField } from './profile.ts';

/** JSON's null, C's and Python's words for what is no number, and those of Home Assistant. */
const NO_VALUE = /^(?:|[-+]?(?:nan|inf(?:inity)?)|unknown|unavailable|undefined|none|null|n\/a)$/i;

/**
 * Whether a device says that its sensor has no value just now. That is no fault of the message: the device is there, and
 * there is nothing to store.
 */
export function saysNoValue(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === 'string' && NO_VALUE.test(value.trim()));
}

/** What a message lacks: see ParsedMessage. */
export interface Lacking {
  missing: number;
  garbled: number;
  strange?: StrangeField[];
}

const MOST_STRANGE = 8;
const LONGEST_NAME = 64;
const LONGEST_VALUE = 40;

/** Counts a field that should hold a value and holds none, and says which one it is when that is a fault. */
export function lack(found: Lacking, name: string, value: unknown): void {
  found.missing += 1;
  if (saysNoValue(value)) return;
  found.garbled += 1;
  found.strange ??= [];
  if (found.strange.length >= MOST_STRANGE) return;
  const holds = typeof value === 'string' ? `'${value.slice(0, LONGEST_VALUE)}'` : String(value);
  found.strange.push({ name: name.slice(0, LONGEST_NAME), holds });
}
