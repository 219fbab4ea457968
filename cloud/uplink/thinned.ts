import type { UplinkEntry } from '@nongtin/broker/wire';

type ThinnedEntry = UplinkEntry & { readonly thinned: NonNullable<UplinkEntry['thinned']> };

/** Its payload was given up on the gateway before it came to us. */
export function isThinned(entry: UplinkEntry): entry is ThinnedEntry {
  return entry.thinned !== undefined && entry.payload === '';
}

/** The first of the entries that this one stands for. */
export function firstNumberOf(entry: UplinkEntry): number {
  return isThinned(entry) ? Math.min(entry.thinned.firstNumber ?? entry.number, entry.number) : entry.number;
}
