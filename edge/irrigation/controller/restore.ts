import type { AlarmRecord, HandsOffRecord, RunRecord } from '@nongtin/broker/wire';
import { pastSources } from '../sources/past.ts';
import { sourceLockKeys } from '../sources/state.ts';
import type { Restored } from './controller.ts';
import { cycleKey, type IntentRecord, lockKeys, type PastRecords } from './types.ts';

/** Enough for years of two runs a day in each zone; an intent older than that has no valve open any more. */
const MOST_RECORDS = 5_000;
/** Runs end in another order than they begin: more of them are read, so that the run of each of those intents is among them. */
const MOST_RUNS = MOST_RECORDS + 1_000;

/** What the journal holds of earlier starts; the newest first. */
interface Remembered {
  readonly runs: readonly Pick<RunRecord, 'runId' | 'zone' | 'endedAtMs'>[];
  readonly intents: readonly IntentRecord[];
  readonly handsOff: readonly HandsOffRecord[];
  readonly alarmChanges: readonly AlarmRecord[];
  /** Each as it is now. */
  readonly alarms: readonly AlarmRecord[];
}

interface Past {
  readonly nowMs: number;
  readonly pauseMs: number;
  readonly handsOffMs: number;
}

/** Reads the journal: what it knows of earlier starts. */
export async function restore(
  journal: PastRecords,
  alarms: readonly AlarmRecord[],
  past: Past,
): Promise<Restored> {
  return restoredFrom(
    {
      runs: await journal.records('run', MOST_RUNS),
      intents: await journal.records('intent', MOST_RECORDS),
      handsOff: await journal.records('hands_off', MOST_RECORDS),
      alarmChanges: await journal.records('alarm', MOST_RECORDS),
      alarms,
    },
    past,
  );
}

/** The same of what has been read. */
export function restoredFrom(
  { runs, intents, handsOff, alarmChanges, alarms }: Remembered,
  past: Past,
): Restored {
  const recorded = new Set(runs.map((run) => run.runId));
  // One that is dated in the future counts too: the clock went back, and nobody knows how long ago it was.
  const recent = runs.filter((run) => past.nowMs - run.endedAtMs < past.pauseMs);
  const keys = [...lockKeys, ...sourceLockKeys];
  const locking = alarms.filter((alarm) => alarm.state !== 'cleared' && keys.includes(alarm.reason.key));
  const interrupted = intents.filter((intent) => !recorded.has(intent.runId)).reverse();
  const hands = newestByZone(handsOff).filter(
    ({ holds, atMs }) => holds && past.nowMs - atMs < past.handsOffMs,
  );
  return {
    locks: new Map(locking.map((alarm) => [alarm.source, alarm.reason])),
    interrupted,
    sources: pastSources(alarmChanges, past.nowMs),
    begun: begunByZone(intents),
    recentlyWatered: new Set([...recent, ...interrupted].map((record) => record.zone)),
    stoppedByHand: new Set(hands.map(({ zone }) => zone)),
  };
}

function begunByZone(newestFirst: readonly IntentRecord[]): Map<string, string[]> {
  const begun = new Map<string, string[]>();
  for (const { zone, decisionId, cycle } of newestFirst.toReversed()) {
    if (decisionId === undefined || cycle === undefined) continue;
    begun.set(zone, [...(begun.get(zone) ?? []), cycleKey({ decisionId, cycle })]);
  }
  return begun;
}

function newestByZone(newestFirst: readonly HandsOffRecord[]): HandsOffRecord[] {
  return [...new Map(newestFirst.toReversed().map((record) => [record.zone, record])).values()];
}
