import type { JsonObject } from './json.ts';

/**
 * Names under which devices send a number that goes up with each message, without case, '_' and '-'. Names that also
 * stand for a measurement or an address (count, index, id, n) are left out: they may stay the same.
 */
const COUNTERS = new Set(
  'seq seqno seqnr seqnum sequence sequenceno sequencenumber counter fcnt framecounter packetno msgid msgno messageid messageno'.split(
    ' ',
  ),
);

export function counterOf(object: JsonObject): number | undefined {
  for (const name of Object.keys(object)) {
    const value = object[name];
    if (Number.isSafeInteger(value) && Number(value) >= 0 && isCounterName(name)) return value as number;
  }
  return undefined;
}

/** Devices send the same few names for ever. */
const judged = new Map<string, boolean>();
const MOST_JUDGED = 10_000;

function isCounterName(name: string): boolean {
  const known = judged.get(name);
  if (known !== undefined) return known;
  const isCounter = COUNTERS.has(name.toLowerCase().replace(/[_-]/g, ''));
  if (judged.size >= MOST_JUDGED) judged.clear();
  judged.set(name, isCounter);
  return isCounter;
}
