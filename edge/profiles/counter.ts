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
  for (const [name, value] of Object.entries(object)) {
    if (Number.isSafeInteger(value) && COUNTERS.has(name.toLowerCase().replace(/[_-]/g, ''))) {
      return value as number;
    }
  }
  return undefined;
}
