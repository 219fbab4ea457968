import { hash } from 'node:crypto';
import type { QuarantineCause, QuarantineRecord } from '@nongtin/broker/wire';
import { masked } from './masked.ts';

const HEAD_BYTES = 2_048;
const HOUR_MS = 3_600_000;
const MOST_A_DEVICE = 100;
const MOST_IN_ALL = 1_000;
/** A bridge may name devices without end; beyond so many, what was counted of the others is forgotten. */
const MOST_DEVICES = 10_000;

export interface Unreadable {
  readonly device: string;
  readonly topic: string;
  readonly cause: QuarantineCause;
  readonly detail: string;
  readonly payload: Uint8Array;
  readonly atMs: number;
  /** Of a message that was read but for these fields: the same ones are kept once an hour. */
  readonly fields?: string | undefined;
}

interface Hour {
  startedAtMs: number;
  kept: number;
  suppressed: number;
  suppressedBytes: number;
  readonly fields: Set<string>;
}

/**
 * Which unreadable payloads are kept. At most a hundred of a device (a thousand in all) within an hour, so that a
 * device gone mad cannot fill the disk, nor a field that is never understood; the rest is counted, and the next hour's
 * first record tells how many.
 */
export class Quarantine {
  readonly #hours = new Map<string, Hour>();
  #all: Hour = emptyHour(0);

  /** The records to keep for this payload: none, itself, or a summary and itself. */
  admit(unreadable: Unreadable): QuarantineRecord[] {
    const { device, atMs, fields } = unreadable;
    if (isOver(this.#all, atMs)) this.#all = emptyHour(atMs);
    const before = this.#hours.get(device);
    const hour = before === undefined || isOver(before, atMs) ? emptyHour(atMs) : before;
    if (before === undefined && this.#hours.size >= MOST_DEVICES) this.#hours.clear();
    this.#hours.set(device, hour);
    const isTold = fields !== undefined && hour.fields.has(fields);
    if (isTold || hour.kept >= MOST_A_DEVICE || this.#all.kept >= MOST_IN_ALL) {
      hour.suppressed += 1;
      hour.suppressedBytes += unreadable.payload.length;
      return [];
    }
    if (fields !== undefined) hour.fields.add(fields);
    hour.kept += 1;
    this.#all.kept += 1;
    const summary = before !== undefined && before !== hour && before.suppressed > 0;
    return summary ? [summaryOf(unreadable, before), recordOf(unreadable)] : [recordOf(unreadable)];
  }
}

function emptyHour(startedAtMs: number): Hour {
  return { startedAtMs, kept: 0, suppressed: 0, suppressedBytes: 0, fields: new Set() };
}

/** Also when the clock was set back. */
function isOver(hour: Hour, atMs: number): boolean {
  return atMs >= hour.startedAtMs + HOUR_MS || atMs < hour.startedAtMs;
}

function recordOf({ device, topic, cause, detail, payload, atMs }: Unreadable): QuarantineRecord {
  const kept = masked(payload);
  return {
    kind: 'quarantine',
    atMs,
    device,
    topic: topic.slice(0, 256).toWellFormed(),
    cause,
    detail: detail.toWellFormed(),
    sizeBytes: payload.length,
    sha256: hash('sha256', kept),
    headBase64: Buffer.from(kept.subarray(0, HEAD_BYTES)).toString('base64'),
  };
}

function summaryOf({ device, atMs }: Unreadable, hour: Hour): QuarantineRecord {
  const since = new Date(hour.startedAtMs).toISOString();
  return {
    kind: 'quarantine',
    atMs,
    device,
    topic: '',
    cause: 'suppressed',
    detail: `${hour.suppressed} more payloads that could not be read, or not all of it, in the hour from ${since} were counted, not kept`,
    sizeBytes: hour.suppressedBytes,
    sha256: '',
    headBase64: '',
  };
}
