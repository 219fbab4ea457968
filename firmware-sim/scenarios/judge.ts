import type { Truth, TruthEvent } from '../field/truth.ts';
import type { FieldExpectations } from './expectations.ts';

/** What really happened, as a simulation tells it. */
export interface Happened {
  readonly truth: Truth;
  readonly events: readonly TruthEvent[];
}

/** Litres that rounding may add to a sum, and mm to a depth. */
const LITRES = 0.5;
const MM = 0.05;

/** Everything in the field that is not as it must be, as sentences; empty when all is. */
export function judgeField(happened: Happened, expected: FieldExpectations): string[] {
  return [
    ...zoneProblems(happened, expected),
    ...lossProblems(happened, expected),
    ...sourceProblems(happened, expected),
  ];
}

type Limit = readonly [min: number, max: number] | undefined;
const isOutside = (value: number, range: Limit) =>
  range !== undefined && (value < range[0] || value > range[1]);

function zoneProblems({ truth }: Happened, expected: FieldExpectations): string[] {
  const { litres, starts, stressDays, longestOpenSeconds, openAtEnd } = expected;
  const { runoffMm, percolationMm } = expected;
  const wrong: string[] = [];
  for (const [id, zone] of Object.entries(truth.zones)) {
    if (isOutside(zone.passedLitres, litres?.[id]))
      wrong.push(`zone ${id} got ${zone.passedLitres.toFixed(0)} L, not ${litres?.[id]?.join(' to ')}`);
    if (isOutside(zone.openings, starts?.[id]))
      wrong.push(`zone ${id} was opened ${zone.openings} times, not ${starts?.[id]?.join(' to ')}`);
    if (stressDays !== undefined && zone.stressDays > stressDays)
      wrong.push(`zone ${id} had ${zone.stressDays} days of stress, not ${stressDays} or fewer`);
    if (runoffMm !== undefined && zone.runoffMm > runoffMm + MM)
      wrong.push(`${zone.runoffMm.toFixed(1)} mm ran off zone ${id}, not ${runoffMm} or less`);
    if (percolationMm !== undefined && zone.percolationMm > percolationMm + MM)
      wrong.push(
        `${zone.percolationMm.toFixed(1)} mm percolated below zone ${id}, not ${percolationMm} or less`,
      );
    const longest = typeof longestOpenSeconds === 'object' ? longestOpenSeconds[id] : longestOpenSeconds;
    if (longest !== undefined && zone.longestOpenSeconds > longest)
      wrong.push(`zone ${id} was open for ${zone.longestOpenSeconds.toFixed(0)} s, longer than ${longest}`);
    const isOpen = zone.openSinceMs !== null;
    if (openAtEnd !== undefined && isOpen !== openAtEnd.includes(id))
      wrong.push(`zone ${id} is ${isOpen ? 'open' : 'closed'} at the end`);
  }
  return wrong;
}

function lossProblems({ truth, events }: Happened, expected: FieldExpectations): string[] {
  const { burstLitres, leakedLitres, openAtOnce } = expected;
  const [zones, sources] = [Object.values(truth.zones), Object.values(truth.sources)];
  const burst = [...zones, ...sources].reduce((sum, part) => sum + part.burstLitres, 0);
  const leaked = zones.reduce((sum, zone) => sum + zone.leakedLitres, 0);
  const atOnce = mostAtOnce(events);
  const wrong: string[] = [];
  if (burstLitres !== undefined && burst > burstLitres + LITRES)
    wrong.push(`${burst.toFixed(0)} L burst out, more than ${burstLitres}`);
  if (leakedLitres !== undefined && leaked > leakedLitres + LITRES)
    wrong.push(`${leaked.toFixed(0)} L leaked, more than ${leakedLitres}`);
  if (openAtOnce !== undefined && atOnce > openAtOnce)
    wrong.push(`${atOnce} zones were open at once, more than ${openAtOnce}`);
  return wrong;
}

function sourceProblems({ truth, events }: Happened, expected: FieldExpectations): string[] {
  const { deadHeadSeconds, dryRunSeconds, flushLitres, openAtEnd } = expected;
  const wrong: string[] = [];
  for (const [id, source] of Object.entries(truth.sources)) {
    if (deadHeadSeconds !== undefined && source.deadHeadSeconds > deadHeadSeconds)
      wrong.push(`the pump of ${id} ran ${source.deadHeadSeconds.toFixed(1)} s against closed valves`);
    if (dryRunSeconds !== undefined && source.dryRunSeconds > dryRunSeconds)
      wrong.push(`the pump of ${id} ran dry for ${source.dryRunSeconds.toFixed(1)} s`);
    if (isOutside(source.flushLitres, flushLitres))
      wrong.push(`${source.flushLitres.toFixed(0)} L flushed the filter, not ${flushLitres?.join(' to ')}`);
    const isOn = isLastOn(id, events);
    if (openAtEnd !== undefined && isOn !== openAtEnd.includes(id))
      wrong.push(`source ${id} is ${isOn ? 'on' : 'off'} at the end`);
  }
  return wrong;
}

/** Whether a pump, a master valve or a flush valve has been switched on last, and not off. */
function isLastOn(id: string, events: Happened['events']): boolean {
  return (['pump', 'master_valve', 'flush_valve'] as const).some(
    (what) => events.findLast((event) => event.what === what && event.id === id)?.isOn === true,
  );
}

function mostAtOnce(events: Happened['events']): number {
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
