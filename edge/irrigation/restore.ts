import type { AlarmRecord, RunRecord } from '@nongtin/broker/wire';
import type { Restored } from './controller.ts';
import { type IntentRecord, lockKeys } from './types.ts';

/** Enough for years of two runs a day in each zone; an intent older than that has no valve open any more. */
const MOST_RECORDS = 5_000;

interface Past {
  records(kind: 'intent', limit: number): Promise<readonly IntentRecord[]>;
  records(kind: 'run', limit: number): Promise<readonly RunRecord[]>;
}

/** What the journal knows of earlier starts. `records` gives the newest first. */
export async function restore(
  journal: Past,
  alarms: readonly AlarmRecord[],
  past: { readonly nowMs: number; readonly pauseMs: number },
): Promise<Restored> {
  const runs = await journal.records('run', MOST_RECORDS);
  const intents = await journal.records('intent', MOST_RECORDS);
  const recorded = new Set(runs.map((run) => run.runId));
  const recent = runs.filter((run) => Math.abs(past.nowMs - run.endedAtMs) < past.pauseMs);
  const locking = alarms.filter((alarm) => alarm.state !== 'cleared' && lockKeys.includes(alarm.reason.key));
  const interrupted = intents.filter((intent) => !recorded.has(intent.runId)).reverse();
  return {
    locks: new Map(locking.map((alarm) => [alarm.source, alarm.reason])),
    interrupted,
    recentlyWatered: new Set([...recent, ...interrupted].map((record) => record.zone)),
  };
}
