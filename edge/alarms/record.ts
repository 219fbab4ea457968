import type { AlarmRecord } from '@nongtin/broker/wire';
import type { AlarmChange, AlarmEvent } from './change.ts';
import { concealmentOf, type Now, type Point, shownState } from './point.ts';
import { type BaseState, isStanding, type Manner } from './state-table.ts';

/** The gravest first. */
export const ranks: Readonly<Record<AlarmRecord['severity'], number>> = { critical: 0, high: 1, low: 2 };

/** Those behind a cause, of which so many are named. */
export interface Behind {
  readonly count: number;
  readonly sources: readonly string[];
}

/** What is told of a change; `behind` null: it is no cause. */
export function changeOf(point: Point, event: AlarmEvent, behind: Behind | null, atMs: number): AlarmChange {
  const { alarmId, isOn, severity, source, reason, raisedAtMs, acknowledged, escalation } = point;
  return {
    ...{ alarmId, event, atMs, source, reason, raisedAtMs, acknowledged, escalation, behind },
    ...{ state: shownState(point), stands: isOn, priority: severity, concealed: concealmentOf(point) },
  };
}

/** The journal's record of it. */
export function recordOf(
  point: Point,
  change: AlarmEvent | 'carried',
  behind: Behind | null,
  atMs: number,
): AlarmRecord {
  const { alarmId, severity, source, base, shelf, maintained, chatter, rule, acknowledged, causeId } = point;
  const { latching, mustAcknowledge } = point.manner;
  // By which the cloud, and earlier versions, know who it was.
  const named = acknowledged === null ? {} : { acknowledgedBy: acknowledged.by };
  return {
    ...{ kind: 'alarm', alarmId, atMs, severity, state: conditionState(point), source, change },
    reason: { key: point.reason.key, figures: { ...point.reason.figures, ...named } },
    ...{ alarmState: shownState(point), baseState: base, raisedAtMs: point.raisedAtMs },
    ...(point.condition === point.reason.key ? {} : { point: point.condition }),
    ...{ occurrences: point.occurrences, latching, mustAcknowledge, acknowledged },
    ...(shelf === null ? {} : { shelved: shelf }),
    ...(maintained === null ? {} : { maintained }),
    ...(causeId === null ? {} : { causeId }),
    ...(behind === null ? {} : { behind: { count: behind.count, sources: [...behind.sources] } }),
    ...(chatter === null ? {} : { chattered: chatter.count }),
    ...(point.escalation === 0 ? {} : { escalation: point.escalation }),
    ...(rule === null ? {} : { rule }),
  };
}

/**
 * The point that an alarm's newest record speaks of; also an earlier one. Only what is measured by the monotonic clock begins
 * anew: whether it chatters, and how long nobody has acknowledged it where the clock cannot tell.
 */
export function pointOf(record: AlarmRecord, now: Now): Point {
  const { alarmId, source, severity, atMs, raisedAtMs = atMs, occurrences = 1, rule = null } = record;
  const { acknowledgedBy, ...figures } = record.reason.figures;
  const by = acknowledgedBy === undefined ? null : { by: String(acknowledgedBy), atMs, comment: null };
  const usual = mannerOf(severity);
  const manner: Manner = {
    latching: record.latching ?? usual.latching,
    mustAcknowledge: record.mustAcknowledge ?? usual.mustAcknowledge,
  };
  const base = baseOf(record);
  const condition = record.point ?? record.reason.key;
  const { chattered } = record;
  const openForMs = Math.max(0, now.atMs - raisedAtMs);
  return {
    ...{ id: pointId(source, condition), alarmId, source, condition, severity, manner, base, rule },
    ...{ raisedAtMs, occurrences, reason: { key: record.reason.key, figures } },
    isOn: record.state !== 'cleared' && isStanding(base),
    acknowledged: record.acknowledged === undefined ? by : record.acknowledged,
    shelf: record.shelved ?? null,
    maintained: record.maintained ?? null,
    causeId: record.causeId ?? null,
    raises: [],
    chatter: chattered === undefined ? null : { count: chattered, lastMs: now.monotonicMs },
    escalation: record.escalation ?? 0,
    unacknowledgedSinceMs: now.monotonicMs - openForMs,
  };
}

export function pointId(source: string, condition: string): string {
  return `${source} ${condition}`;
}

/** How alarms leave the list unless it is said otherwise: nobody has to acknowledge that something minor is over. */
export function mannerOf(severity: AlarmRecord['severity']): Manner {
  return { latching: false, mustAcknowledge: severity !== 'low' };
}

/** Of the condition alone, whatever conceals the alarm: locks are restored from it. */
function conditionState({ isOn, base }: Point): AlarmRecord['state'] {
  if (!isOn) return 'cleared';
  return base === 'acknowledged' ? 'acknowledged' : 'active';
}

const BASES: readonly string[] = [
  'normal',
  'unacknowledged',
  'acknowledged',
  'returned',
  'latched',
  'latched_acknowledged',
] satisfies readonly BaseState[];

function baseOf({ state, baseState }: AlarmRecord): BaseState {
  if (baseState !== undefined && isBase(baseState)) return baseState;
  if (state === 'cleared') return 'normal';
  return state === 'acknowledged' ? 'acknowledged' : 'unacknowledged';
}

function isBase(text: string): text is BaseState {
  return BASES.includes(text);
}
