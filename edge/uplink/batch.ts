import type { UplinkEntry } from '@nongtin/broker/wire';

/** Of one message; the cloud checks as many signatures in one go. */
export const MOST_ENTRIES = 200;
/** Of one message's JSON, whatever becomes of it packed: memory on both sides stays small. */
const MOST_JSON_BYTES = 512 * 1024;

/** One message: its JSON and the numbers it covers. Undefined when there is nothing to send. */
export interface Batch {
  readonly json: string;
  readonly last: number;
  readonly count: number;
}

/** As many of the entries, in order, as fit; always at least one, however large, for order may not be broken. */
export function batchOf(entries: readonly UplinkEntry[], mostBytes: number): Batch | undefined {
  const parts: string[] = [];
  const most = Math.min(mostBytes, MOST_JSON_BYTES);
  let bytes = '{"entries":[]}'.length;
  let last = 0;
  for (const entry of entries.slice(0, MOST_ENTRIES)) {
    const part = JSON.stringify(wireEntry(entry));
    bytes += Buffer.byteLength(part) + 1;
    if (parts.length > 0 && bytes > most) break;
    parts.push(part);
    last = entry.number;
  }
  if (parts.length === 0) return undefined;
  return { json: `{"entries":[${parts.join(',')}]}`, last, count: parts.length };
}

/** The journal knows more of an entry (its hash, its kind) than travels: the cloud computes these itself. */
function wireEntry(entry: UplinkEntry): UplinkEntry {
  const { number, previousHash, bootId, monotonicMs, count, firstAtMs, lastAtMs, payload, signature } = entry;
  const wire = { number, previousHash, bootId, monotonicMs, count, firstAtMs, lastAtMs, payload, signature };
  return entry.thinned === undefined ? wire : { ...wire, thinned: entry.thinned };
}
