import type { Reason, WetTestRecord } from '@nongtin/broker/wire';
import { isGone, NOISE_FRACTION, type WetTest } from './machine.ts';

/** What was measured, and what it means; the rest of the record is who and when. */
export type Verdict = Pick<
  WetTestRecord,
  | 'outcome'
  | 'leaseSeconds'
  | 'cutOffSeconds'
  | 'openedAfterSeconds'
  | 'closedAfterSeconds'
  | 'dryAfterSeconds'
  | 'litres'
  | 'flowLitresPerMinute'
  | 'nominalLitresPerMinute'
  | 'findings'
>;

/** Findings that are told but hold nothing against the valve. */
const HARMLESS = new Set(['test_flow_not_proven', 'test_closed_without_word', 'test_counter_coarse']);

/** Outside of this part of the nominal flow a run would be stopped too (irrigation/controller/types.ts). */
const LOW = 0.2;
const HIGH = 2;
/** Counter and flow, bucket and meter may differ by this factor: pipes fill, buckets spill, meters start late. */
const COUNTER_TOLERANCE = 2;
const BUCKET_TOLERANCE = 1.5;
/** So much by the flow must move any counter: the coarsest count tens of litres. */
const COARSEST_STEP_LITRES = 10;
/** How close a figure must come to a wrong unit's to name that unit. */
const UNIT_TOLERANCE = 1.7;
/** By how much a figure is too large when its unit is taken for litres (a minute). */
const FLOW_UNITS = { 'L/h': 60, 'mL/min': 1_000, 'm³/h': 0.06 } as const;
const LITRE_UNITS = { mL: 1_000, 'm³': 0.001, gal: 1 / 3.785 } as const;

/** What a test that is over has shown. */
export function verdictOf(test: WetTest): Verdict {
  const { plan, sentMs, openMs, closedMs, dryMs } = test;
  const figures = {
    leaseSeconds: plan.leaseSeconds,
    cutOffSeconds: plan.cutOffSeconds,
    openedAfterSeconds: seconds(sentMs, openMs),
    closedAfterSeconds: seconds(openMs, closedMs),
    dryAfterSeconds: openMs === null ? null : seconds(openMs, dryMs),
    litres:
      test.litres === null || test.litresBefore === null ? null : round(test.litres - test.litresBefore),
    flowLitresPerMinute: steadyFlow(test),
    nominalLitresPerMinute: plan.nominalLitresPerMinute,
  };
  const findings = [...ofClosing(test, figures), ...(test.openMs === null ? [] : ofWater(test, figures))];
  return { ...figures, ...judged(findings, test.forced === 'stopped') };
}

/** The same record after a person has measured the water by hand. */
export function withBucket(record: WetTestRecord, bucketLitres: number): WetTestRecord {
  const others = record.findings.filter(({ key }) => key !== 'test_bucket_disagrees');
  const findings = [...ofBucket(record, bucketLitres), ...others];
  return { ...record, bucketLitres, ...judged(findings, record.outcome === 'stopped') };
}

function judged(findings: readonly Reason[], isStopped: boolean): Pick<Verdict, 'outcome' | 'findings'> {
  const failing = findings.filter(({ key }) => !HARMLESS.has(key));
  const outcome = isStopped ? 'stopped' : failing.length > 0 ? 'failed' : 'passed';
  return { outcome, findings: [...failing, ...findings.filter(({ key }) => HARMLESS.has(key))] };
}

type Figures = Omit<Verdict, 'outcome' | 'findings'>;

function ofClosing(test: WetTest, { closedAfterSeconds }: Figures): Reason[] {
  const { plan, forced, sentMs, closedMs, dryMs, isOpen } = test;
  const { cutOffSeconds, toleranceSeconds, answerSeconds } = plan;
  if (forced === 'no_answer') return [finding('test_no_answer', { answerSeconds })];
  if (forced === 'stopped') return [];
  if (forced === 'past_cut_off') {
    if (isGone(test)) return [finding('test_gone', { cutOffSeconds })];
    if (isOpen) return [finding('test_does_not_close_at_all', { cutOffSeconds })];
    // It said nothing until it was told to close, but its water had stopped in time.
    if (
      closedMs === null &&
      dryMs !== null &&
      dryMs - (test.openMs ?? sentMs) <= (cutOffSeconds + toleranceSeconds) * 1000
    )
      return [finding('test_closed_without_word', { cutOffSeconds })];
    return [finding('test_does_not_close', { cutOffSeconds })];
  }
  // Since it was sent: an answer that was slow on its way must not make the valve look hasty.
  const early = closedMs !== null && closedMs - sentMs < (cutOffSeconds - toleranceSeconds) * 1000;
  return early ? [finding('test_closes_early', { closedAfterSeconds, cutOffSeconds })] : [];
}

function ofWater(test: WetTest, figures: Figures): Reason[] {
  const { plan, forced } = test;
  if (!plan.isMetered) return [finding('test_flow_not_proven', {})];
  if (forced === 'stopped') return [];
  if (test.lastFlow === null && (figures.litres ?? 0) === 0) return [finding('test_meter_silent', {})];
  return [...ofFlow(test, figures), ...ofCounter(test, figures), ...ofDrain(test)];
}

function ofFlow(test: WetTest, { flowLitresPerMinute: flow, litres }: Figures): Reason[] {
  const nominal = test.plan.nominalLitresPerMinute;
  const told = { flowLitresPerMinute: flow ?? 0, nominalLitresPerMinute: nominal };
  if (flow === null) {
    // A meter that tells only now and then has shown its counter instead.
    return test.lastFlow !== null && (litres ?? 0) > 0 ? [] : [finding('test_no_flow', told)];
  }
  if (flow >= nominal * LOW && flow <= nominal * HIGH) return [];
  const unit = unitOf(flow / nominal, FLOW_UNITS);
  return [
    unit === undefined
      ? finding('test_flow_implausible', told)
      : finding('test_flow_unit', { ...told, unit }),
  ];
}

/** The counter against what the flow adds up to. */
function ofCounter({ flowLitres, litresStep, flows }: WetTest, { litres }: Figures): Reason[] {
  if (litres === null || flows.length < 2) return [];
  const told = { litres, flowLitres: round(flowLitres) };
  if (litres === 0)
    return [finding(flowLitres > COARSEST_STEP_LITRES ? 'test_counter_stuck' : 'test_counter_coarse', told)];
  const isNear = Math.abs(litres - flowLitres) <= (litresStep ?? 0);
  if (isNear || isWithin(litres / flowLitres, COUNTER_TOLERANCE)) return [];
  const unit = unitOf(litres / flowLitres, LITRE_UNITS) ?? '?';
  return [finding('test_counter_disagrees', { ...told, unit })];
}

function ofDrain({ dryMs, closedMs, lastFlow, plan }: WetTest): Reason[] {
  if (closedMs === null || dryMs !== null || lastFlow === null || lastFlow.ms <= closedMs) return [];
  if (lastFlow.value <= plan.nominalLitresPerMinute * NOISE_FRACTION) return [];
  return [finding('test_still_flows', { flowLitresPerMinute: lastFlow.value })];
}

function ofBucket(record: WetTestRecord, bucketLitres: number): Reason[] {
  const { litres, flowLitresPerMinute: flow, closedAfterSeconds, cutOffSeconds } = record;
  const byFlow = flow === null ? null : (flow * (closedAfterSeconds ?? cutOffSeconds)) / 60;
  const byMeter = litres !== null && litres > 0 ? litres : byFlow;
  if (byMeter === null || isWithin(byMeter / bucketLitres, BUCKET_TOLERANCE)) return [];
  const unit = unitOf(byMeter / bucketLitres, { 'L/h': 60, ...LITRE_UNITS }) ?? '?';
  return [finding('test_bucket_disagrees', { bucketLitres, litres: round(byMeter), unit })];
}

/** The middle one of what was told in the later half: pipes fill first. By the counter where nobody told the flow. */
function steadyFlow({ flows, litres, litresBefore, openMs, closedMs }: WetTest): number | null {
  const later = flows.slice(flows.length >> 1).sort((a, b) => a - b);
  const middle = later[later.length >> 1];
  if (middle !== undefined) return round(middle);
  if (litres === null || litresBefore === null || litres <= litresBefore) return null;
  const openSeconds = seconds(openMs, closedMs);
  return openSeconds === null || openSeconds <= 0
    ? null
    : round(((litres - litresBefore) * 60) / openSeconds);
}

/** The unit that would make a figure wrong by this factor; undefined when none comes near. */
function unitOf(factor: number, units: Readonly<Record<string, number>>): string | undefined {
  return Object.entries(units).find(([, wrongBy]) => isWithin(factor / wrongBy, UNIT_TOLERANCE))?.[0];
}

function isWithin(ratio: number, factor: number): boolean {
  return ratio >= 1 / factor && ratio <= factor;
}

function seconds(fromMs: number | null, toMs: number | null): number | null {
  return fromMs === null || toMs === null ? null : round((toMs - fromMs) / 1000);
}

/** To what a counter in cubic metres tells of a litre, and no finer. */
function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

function finding(key: string, figures: Record<string, number | string | null>): Reason {
  const told = Object.entries(figures).filter(
    (entry): entry is [string, number | string] => entry[1] !== null,
  );
  return { key, figures: Object.fromEntries(told) };
}
