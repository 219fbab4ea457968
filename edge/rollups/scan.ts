import { deviceAndTime } from '@nongtin/broker/wire';
import type { Journal, JournalEntry } from '../journal/index.ts';
import { STEP_MS, windowOf } from './times.ts';
import type { Touched } from './touched.ts';

/** So few that what is read of them does not outlive a collection of what is young. */
export const ENTRIES_A_READ = 64;
/** An entry that is this young and this short touches its windows for all devices, and is not looked into. */
const YOUNG_MS = 2 * STEP_MS['5m'];

export interface ScanOptions {
  readonly journal: Pick<Journal, 'read'>;
  readonly dating: {
    hold(entry: JournalEntry): boolean;
    shift(lines: string, entry: JournalEntry): string;
  };
  readonly touched: Touched;
}

/**
 * Notes which windows the entry's readings touch. Of the usual entry, which came just now, its times alone say that; of
 * one with late readings each line is read, so that a device that brings a week does not make everybody's week anew.
 */
export function touch({ dating, touched }: ScanOptions, entry: JournalEntry, nowMs: number): void {
  const { number, count, payload, firstAtMs, lastAtMs } = entry;
  if (count === 0) return;
  if (payload === '') {
    touchSpan(touched, number, firstAtMs, lastAtMs, nowMs);
    return;
  }
  if (dating.hold(entry)) return;
  const lines = dating.shift(payload, entry);
  const isShort = windowOf(lastAtMs) - windowOf(firstAtMs) <= STEP_MS['5m'];
  if (lines === payload && isShort && firstAtMs >= nowMs - YOUNG_MS) {
    touched.add(windowOf(firstAtMs), number);
    touched.add(windowOf(lastAtMs), number);
    return;
  }
  for (const line of lines.split('\n')) {
    const { device, atMs } = deviceAndTime(line);
    touched.add(windowOf(atMs), number, device);
  }
}

/** A thinned entry has no lines any more; its readings may be in the store. */
function touchSpan(touched: Touched, number: number, fromMs: number, toMs: number, nowMs: number): void {
  const oldest = Math.max(windowOf(fromMs), windowOf(nowMs) - 90 * STEP_MS['1d']);
  for (let at = oldest; at <= Math.min(toMs, nowMs); at += STEP_MS['5m']) touched.add(at, number);
}

/** What a boot said before it was dated, by the clock record with this number: its readings are in the store only now. */
export async function touchBoot(
  options: ScanOptions,
  bootId: string,
  recordNumber: number,
  nowMs: number,
): Promise<void> {
  let end = recordNumber;
  let isFound = false;
  while (end > 1) {
    const start = Math.max(1, end - ENTRIES_A_READ);
    const entries = await readBetween(options.journal, start, end);
    const ofBoot = entries.filter((entry) => entry.bootId === bootId);
    // They are marked for the record's entry: it is what the cursor has to wait for.
    for (const entry of ofBoot) touch(options, { ...entry, number: recordNumber }, nowMs);
    if (isFound && ofBoot.length === 0) return;
    isFound ||= ofBoot.length > 0;
    end = start;
  }
}

/** Entries from `start` up to but not including `end`, however little one read returns. */
async function readBetween(
  journal: Pick<Journal, 'read'>,
  start: number,
  end: number,
): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  let after = start - 1;
  while (after < end - 1) {
    const read = await journal.read(after, ENTRIES_A_READ);
    const last = read.at(-1);
    if (last === undefined) break;
    entries.push(...read.filter(({ number }) => number < end));
    after = last.number;
  }
  return entries;
}
