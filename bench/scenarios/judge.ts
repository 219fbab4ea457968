import type { AlarmRecord, RunRecord } from '@nongtin/broker/wire';
import { zonesOf } from '../../edge/farm/layout.ts';
import { judgeField } from '../../firmware-sim/index.ts';
import type { Played } from './play.ts';
import type { Expectations } from './scenario.ts';
import { missing } from './traces.ts';

/** What a valve's own timer, the radio and the clock's ticks add to a limit. */
const ROUNDING_SECONDS = 15;
const FOREIGN_ROUNDING = 0.11;
/** A run's record may be off by a pulse of its meter, and by what runs in the five seconds until a closing is seen. */
const RECORD_SLACK_LITRES = 6;

/** Everything that is not as it must be, as sentences; empty when all is. */
export function judge(played: Played, expected: Expectations): string[] {
  return [
    ...inField(played, expected),
    ...alarmsAndLocks(played, expected),
    ...reasons(played, expected),
    ...decisions(played),
    ...measured(played, expected),
    ...missing(played, expected.traces),
  ];
}

/** The field's own judge, with what holds of every scenario: no stress, no losses, nothing open beyond its limit or at the end. */
function inField({ truth, events, farm }: Played, expected: Expectations): string[] {
  const unsaid = Object.keys(truth.zones).filter((id) => expected.litres[id] === undefined);
  const limits = zonesOf(farm).map((zone) => {
    const rounding =
      ROUNDING_SECONDS + (typeof zone.valve === 'string' ? 0 : zone.maxRunSeconds * FOREIGN_ROUNDING);
    return [zone.id, expected.longestOpenSeconds ?? zone.maxRunSeconds + rounding] as const;
  });
  return [
    ...unsaid.map((id) => `nobody has said how many litres zone ${id} must get`),
    ...judgeField(
      { truth, events },
      {
        ...{ stressDays: 0, burstLitres: 0, leakedLitres: 0, deadHeadSeconds: 0, dryRunSeconds: 0 },
        ...{ openAtEnd: [], ...expected, longestOpenSeconds: Object.fromEntries(limits) },
      },
    ),
  ];
}

/** Every condition that was raised: 'ZONE KEY'. A doubt that was settled is none: what was found out is told instead. */
export function alarmsOf({ records }: Pick<Played, 'records'>): string[] {
  const told = records.filter((record): record is AlarmRecord => record.kind === 'alarm');
  const settled = new Set(told.filter(isSettledDoubt).map(({ alarmId }) => alarmId));
  const raised = told.filter(({ alarmId }) => !settled.has(alarmId));
  return [...new Set(raised.map(({ source, reason }) => `${source} ${reason.key}`))].toSorted();
}

function isSettledDoubt({ state, reason }: AlarmRecord): boolean {
  return state === 'cleared' && (reason.key === 'flow_lost' || reason.key === 'source_no_flow');
}

function alarmsAndLocks(played: Played, { alarms = [], mayRaise = [], locked = [] }: Expectations): string[] {
  const raised = alarmsOf(played);
  const isLocked = new Set(played.locked);
  return [
    ...alarms.filter((alarm) => !raised.includes(alarm)).map((alarm) => `'${alarm}' was not raised`),
    ...raised
      .filter((alarm) => !alarms.includes(alarm) && !mayRaise.includes(alarm))
      .map((alarm) => `'${alarm}' was raised`),
    ...locked.filter((id) => !isLocked.has(id)).map((id) => `${id} is not locked`),
    ...played.locked.filter((id) => !locked.includes(id)).map((id) => `${id} is locked`),
  ];
}

function reasons(played: Played, { reasons: wanted = [], neverReasons = [] }: Expectations): string[] {
  return [
    ...wanted.filter((key) => !played.reasons.has(key)).map((key) => `the reason ${key} was never given`),
    ...neverReasons.filter((key) => played.reasons.has(key)).map((key) => `the reason ${key} was given`),
  ];
}

export function runsOf({ records }: Pick<Played, 'records'>): RunRecord[] {
  return records.filter((record): record is RunRecord => record.kind === 'run');
}

/** Nothing is watered twice for one decision. */
function decisions(played: Played): string[] {
  const seen = new Set<string>();
  return runsOf(played).flatMap(({ decisionId, cycle, zone }) => {
    if (decisionId === undefined) return [];
    const key = `${zone} ${decisionId} ${cycle}`;
    if (seen.has(key)) return [`${key} was watered twice`];
    seen.add(key);
    return [];
  });
}

/** Litres that a meter has counted are what ran; where none has, none are stated. */
function measured(played: Played, { isMeterWrong = false, leakedLitres = 0 }: Expectations): string[] {
  const runs = runsOf(played);
  const wrong = runs
    .filter(({ proof, measuredLitres }) => proof === 'unmetered' && measuredLitres !== null)
    .map(({ runId }) => `run ${runId} has measured litres that nobody measured`);
  if (isMeterWrong) return wrong;
  for (const [id, zone] of Object.entries(played.truth.zones)) {
    const own = runs.filter((run) => run.zone === id);
    if (own.some(({ measuredLitres }) => measuredLitres === null)) continue;
    const sum = own.reduce((litres, { measuredLitres }) => litres + (measuredLitres ?? 0), 0);
    const slack = leakedLitres + own.length * RECORD_SLACK_LITRES;
    if (Math.abs(sum - zone.passedLitres) > slack)
      wrong.push(`zone ${id}: ${sum.toFixed(0)} L are recorded, ${zone.passedLitres.toFixed(0)} L ran`);
  }
  return wrong;
}
