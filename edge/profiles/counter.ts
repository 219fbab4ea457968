import type { JsonObject } from './json.ts';

/** Names under which devices send a number that goes up with each message. */
const COUNTERS = ['seq', 'sequence', 'counter', 'fCnt', 'f_cnt', 'frameCounter', 'msgId'];

export function counterOf(object: JsonObject): number | undefined {
  for (const name of COUNTERS) {
    const value = Object.hasOwn(object, name) ? object[name] : undefined;
    if (Number.isSafeInteger(value)) return value as number;
  }
  return undefined;
}
