import type { AlarmRecord, RunRecord } from '@nongtin/broker/wire';
import { zonesOf } from '../../edge/farm/layout.ts';
import type { Played } from './play.ts';
import type { Expectations } from './scenario.ts';

/** What a valve's own timer, the radio and the clock's ticks add to a limit. */
const ROUNDING_SECONDS = 15;
const FOREIGN_ROUNDING = 0.11;

/** Everything that is not as it must be, as sentences; empty when all is. */
export function judge(played: Played, expected: Expectations): string[] {
  return [
    ...litres(played, expected),
    ...safety(played, expected),
    ...alarmsAndLocks(played, expected),
    ...reasons(played, expected),
    ...decisions(played),
    ...measured(played, expected),
  ];
}

const within = (value: number, [min, max]: readonly [number, number]) => value >= min && value <= max;

function litres({ truth }: Played, expected: Expectations): string[] {
  const wrong: string[] = [];
  for (const [id, zone] of Object.entries(truth.zones)) {
    const range = expected.litres[id];
    if (range === undefined) wrong.push(`nobody has said how many litres zone ${id} must get`);
    else if (!within(zone.passedLitres, range))
      wrong.push(`zone ${id} got ${zone.passedLitres.toFixed(0)} L, not ${range.join(' to ')}`);
    const starts = expected.starts?.[id];
    if (starts && !within(zone.openings, starts))
      wrong.push(`zone ${id} was opened ${zone.openings} times, not ${starts.join(' to ')}`);
    if (zone.stressDays > (expected.stressDays ?? 0))
      wrong.push(
        `zone ${id} had ${zone.stressDays} days of stress, not ${expected.stressDays ?? 0} or fewer`,
      );
    if (zone.runoffMm > (expected.runoffMm ?? 0) + 0.05)
      if (expected.runoffMm !== undefined)
        wrong.push(`${zone.runoffMm.toFixed(1)} mm ran off zone ${id}, not ${expected.runoffMm} or less`);
  }
  return wrong;
}

function safety({ truth, events, farm }: Played, expected: Expectations): string[] {
  const wrong: string[] = [];
  const { openAtEnd = [], burstLitres = 0, leakedLitres = 0 } = expected;
  for (const zone of zonesOf(farm)) {
    const really = truth.zones[zone.id];
    if (really === undefined) continue;
    const rounding =
      ROUNDING_SECONDS + (typeof zone.valve === 'string' ? 0 : zone.maxRunSeconds * FOREIGN_ROUNDING);
    const longest = expected.longestOpenSeconds ?? zone.maxRunSeconds + rounding;
    if (really.longestOpenSeconds > longest)
      wrong.push(
        `zone ${zone.id} was open for ${really.longestOpenSeconds.toFixed(0)} s, longer than ${longest}`,
      );
    if ((really.openSinceMs !== null) !== openAtEnd.includes(zone.id))
      wrong.push(`zone ${zone.id} is ${really.openSinceMs === null ? 'closed' : 'open'} at the end`);
  }
  const zones = Object.values(truth.zones);
  const sources = Object.entries(truth.sources);
  const sum = (of: readonly number[]) => of.reduce((a, b) => a + b, 0);
  const burst =
    sum(zones.map((zone) => zone.burstLitres)) + sum(sources.map(([, source]) => source.burstLitres));
  const leaked = sum(zones.map((zone) => zone.leakedLitres));
  if (burst > burstLitres + 0.5) wrong.push(`${burst.toFixed(0)} L burst out, more than ${burstLitres}`);
  if (leaked > leakedLitres + 0.5) wrong.push(`${leaked.toFixed(0)} L leaked, more than ${leakedLitres}`);
  for (const [id, source] of sources) {
    const { deadHeadSeconds = 0, dryRunSeconds = 0 } = expected;
    if (source.deadHeadSeconds > deadHeadSeconds)
      wrong.push(`the pump of ${id} ran ${source.deadHeadSeconds.toFixed(1)} s against closed valves`);
    if (source.dryRunSeconds > dryRunSeconds)
      wrong.push(`the pump of ${id} ran dry for ${source.dryRunSeconds.toFixed(1)} s`);
    if (expected.flushLitres && !within(source.flushLitres, expected.flushLitres))
      wrong.push(
        `${source.flushLitres.toFixed(0)} L flushed the filter, not ${expected.flushLitres.join(' to ')}`,
      );
    const isOn = isLastOn(id, events);
    if (isOn !== openAtEnd.includes(id)) wrong.push(`source ${id} is ${isOn ? 'on' : 'off'} at the end`);
  }
  const atOnce = mostAtOnce(events);
  if (expected.openAtOnce !== undefined && atOnce > expected.openAtOnce)
    wrong.push(`${atOnce} zones were open at once, more than ${expected.openAtOnce}`);
  return wrong;
}

/** Whether a pump, a master valve or a flush valve has been switched on last, and not off. */
function isLastOn(id: string, events: Played['events']): boolean {
  return (['pump', 'master_valve', 'flush_valve'] as const).some(
    (what) => events.findLast((event) => event.what === what && event.id === id)?.isOn === true,
  );
}

function mostAtOnce(events: Played['events']): number {
  const open = new Set<string>();
  let most = 0;
  for (const { what, id, isOn } of events) {
    if (what !== 'valve') continue;
    if (isOn) open.add(id);
    else open.delete(id);
    most = Math.max(most, open.size);
  }
  return most;
}

/** Every condition that was raised: 'ZONE KEY'. */
export function alarmsOf({ records }: Pick<Played, 'records'>): string[] {
  const raised = records.filter((record): record is AlarmRecord => record.kind === 'alarm');
  return [...new Set(raised.map(({ source, reason }) => `${source} ${reason.key}`))].toSorted();
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
    const slack = leakedLitres + own.length * 25 + zone.passedLitres * 0.03;
    if (Math.abs(sum - zone.passedLitres) > slack)
      wrong.push(`zone ${id}: ${sum.toFixed(0)} L are recorded, ${zone.passedLitres.toFixed(0)} L ran`);
  }
  return wrong;
}
