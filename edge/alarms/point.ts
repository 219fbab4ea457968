import type { AlarmRecord, AlarmRule, Reason } from '@nongtin/broker/wire';
import type { AlarmChange, AlarmEvent, AlarmState, Concealment } from './change.ts';
import { type BaseState, isStanding, type Manner, nextState } from './state-table.ts';

/** A condition that may be an alarm, as it is now; a value, changed by the functions below. */
export interface Point {
  /** Source and condition: the same condition is one alarm however often it is reported. */
  readonly id: string;
  readonly alarmId: string;
  readonly source: string;
  /** Which condition of its source: the reason's key, or the id of a rule of the farm's own. */
  readonly condition: string;
  readonly severity: AlarmRecord['severity'];
  readonly reason: Reason;
  readonly manner: Manner;
  readonly base: BaseState;
  /** What its condition was last said to be; `base` stands still meanwhile when it chatters. */
  readonly isOn: boolean;
  readonly raisedAtMs: number;
  readonly occurrences: number;
  readonly acknowledged: AlarmChange['acknowledged'];
  readonly shelf: Shelf | null;
  /** Its device or zone is being maintained; `untilMs` null: it is out of service itself. */
  readonly maintained: Maintained | null;
  /** The alarm that is its cause. */
  readonly causeId: string | null;
  /** When it was last raised, the newest last: monotonic ms, of the last minute. */
  readonly raises: readonly number[];
  readonly chatter: { readonly count: number; readonly lastMs: number } | null;
  readonly escalation: number;
  /** Monotonic ms. */
  readonly unacknowledgedSinceMs: number;
  readonly rule: AlarmRule | null;
}

export interface Shelf {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly by: string;
  readonly why: string;
}

export interface Maintained {
  readonly untilMs: number | null;
  readonly by: string;
  readonly why: string;
}

export interface Now {
  /** UTC. */
  readonly atMs: number;
  readonly monotonicMs: number;
}

/** What has become of a point; `event` null: nothing that anybody is told of. The same point: nothing at all. */
export interface Moved {
  readonly point: Point;
  readonly event: AlarmEvent | null;
}

/** Three times within a minute is chattering (ISA-18.2, 16.5; EEMUA 191); it is calm when nothing has changed for ten. */
const CHATTER = { times: 3, withinMs: 60_000, calmMs: 600_000 } as const;
/** A shelf that was filled later than now: the clock went back, and nobody knows how long ago it was. */
const CLOCK_SLACK_MS = 60_000;
/** After how long without an acknowledgement the next person is told. */
const ESCALATION_MS: Readonly<Record<AlarmRecord['severity'], readonly number[]>> = {
  critical: [10 * 60_000, 30 * 60_000, 60 * 60_000],
  high: [60 * 60_000, 180 * 60_000, 720 * 60_000],
  low: [],
};

type Condition = Pick<
  Point,
  'id' | 'alarmId' | 'source' | 'condition' | 'severity' | 'reason' | 'manner' | 'rule'
>;

/** One that has never stood. */
export function newPoint(condition: Condition, now: Now): Point {
  return {
    ...condition,
    ...{ base: 'normal', isOn: false, raisedAtMs: now.atMs, occurrences: 1, acknowledged: null },
    ...{ shelf: null, maintained: null, causeId: null, raises: [], chatter: null },
    ...{ escalation: 0, unacknowledgedSinceMs: now.monotonicMs },
  };
}

/** Its condition is fulfilled. */
export function raise(point: Point, told: Pick<Point, 'reason' | 'rule'>, now: Now): Moved {
  if (point.isOn) return unmoved(point);
  const recent = point.raises.filter((ms) => now.monotonicMs - ms < CHATTER.withinMs);
  const raises = [...recent, now.monotonicMs].slice(-CHATTER.times);
  const on = { ...point, isOn: true, raises };
  if (point.chatter !== null)
    return { point: { ...on, chatter: chatterOn(point.chatter.count + 1, now) }, event: null };
  const isNew = point.base === 'normal';
  const raised = unacknowledged(
    {
      ...{ ...on, ...told, raisedAtMs: now.atMs, occurrences: isNew ? 1 : point.occurrences + 1 },
      base: nextState(point.base, 'on', point.manner),
    },
    now,
  );
  if (raises.length < CHATTER.times) return { point: raised, event: 'raised' };
  return { point: { ...raised, chatter: chatterOn(raises.length, now) }, event: 'chattering' };
}

/** Its condition is over. */
export function clear(point: Point, now: Now): Moved {
  if (!point.isOn) return unmoved(point);
  const off = { ...point, isOn: false };
  if (point.chatter !== null)
    return { point: { ...off, chatter: chatterOn(point.chatter.count, now) }, event: null };
  return { point: { ...off, base: overOf(point) }, event: 'cleared' };
}

export function acknowledge(point: Point, who: NonNullable<Point['acknowledged']>): Moved {
  const base = nextState(point.base, 'acknowledge', point.manner);
  if (base === point.base) return unmoved(point);
  return { point: { ...point, base, acknowledged: who }, event: 'acknowledged' };
}

/** By a person, of one that latches, once its condition is over. */
export function reset(point: Point): Moved {
  const base = nextState(point.base, 'reset', point.manner);
  return base === point.base ? unmoved(point) : { point: { ...point, base }, event: 'reset' };
}

/** What lies over it becomes another: a shelf, maintenance, a cause, or none of them any more (null). */
export function cover(
  point: Point,
  covers: Partial<Pick<Point, 'shelf' | 'maintained' | 'causeId'>>,
  now: Now,
): Moved {
  const next = { ...point, ...covers };
  if (JSON.stringify(coversOf(next)) === JSON.stringify(coversOf(point))) return unmoved(point);
  // One that is over and was not put aside by itself is not in the list: nothing to tell.
  if (!isShown(point) && !isShown(next)) return { point: next, event: null };
  if (isConcealed(next)) return { point: next, event: 'concealed' };
  const base = nextState(next.base, 'reveal', next.manner);
  const revealed = { ...next, base };
  return { point: isStanding(base) ? unacknowledged(revealed, now) : revealed, event: 'revealed' };
}

/** Time has passed: one thing that is due, the most urgent first; unmoved when nothing is. */
export function pass(point: Point, now: Now): Moved {
  const { shelf, chatter, isOn } = point;
  if (shelf !== null && (now.atMs >= shelf.untilMs || now.atMs < shelf.sinceMs - CLOCK_SLACK_MS))
    return cover(point, { shelf: null }, now);
  if (chatter !== null && now.monotonicMs - chatter.lastMs >= CHATTER.calmMs) {
    const calm = { ...point, chatter: null, raises: [] };
    return isOn
      ? { point: calm, event: 'grown' }
      : { point: { ...calm, base: overOf(point) }, event: 'cleared' };
  }
  const afterMs = ESCALATION_MS[point.severity][point.escalation];
  const isDue = afterMs !== undefined && now.monotonicMs - point.unacknowledgedSinceMs >= afterMs;
  if (point.base !== 'unacknowledged' || isConcealed(point) || !isDue) return unmoved(point);
  return { point: { ...point, escalation: point.escalation + 1 }, event: 'escalated' };
}

/** By ISA-18.2. Out of service counts before shelved, and that before suppressed. */
export function shownState(point: Point): AlarmState {
  if (point.maintained?.untilMs === null) return 'out_of_service';
  if (point.shelf !== null) return 'shelved';
  return isConcealed(point) && point.base !== 'normal' ? 'suppressed' : point.base;
}

/** Null: people are told of it. */
export function concealmentOf({ shelf, maintained, causeId }: Point): Concealment | null {
  if (maintained?.untilMs === null) return { kind: 'out_of_service', ...maintained };
  if (shelf !== null) {
    const { untilMs, by, why } = shelf;
    return { kind: 'shelved', untilMs, by, why };
  }
  if (maintained !== null) return { kind: 'maintenance', ...maintained };
  return causeId === null ? null : { kind: 'cause', alarmId: causeId };
}

/** Whether there is nothing left to say or to remember of it: also its newest raises count, while it may be found to chatter. */
export function isOver(point: Point, { monotonicMs }: Now): boolean {
  const { chatter, raises } = point;
  const isRestless = chatter !== null || monotonicMs - (raises.at(-1) ?? -Infinity) < CHATTER.withinMs;
  return !isShown(point) && !isRestless;
}

/** Whether it stands or waits for somebody or something; one that is remembered for its newest raises alone does not. */
export function isShown({ base, shelf, maintained }: Point): boolean {
  return base !== 'normal' || shelf !== null || maintained?.untilMs === null;
}

function isConcealed({ shelf, maintained, causeId }: Point): boolean {
  return shelf !== null || maintained !== null || causeId !== null;
}

/** What lies over it, however its fields are ordered: records come back from the journal in canonical form. */
function coversOf({ shelf, maintained, causeId }: Point) {
  return [
    shelf && [shelf.sinceMs, shelf.untilMs, shelf.by, shelf.why],
    maintained && [maintained.untilMs, maintained.by, maintained.why],
    causeId,
  ];
}

/** Nobody was told of one that was concealed, so nobody has to acknowledge that it is over. */
function overOf(point: Point): BaseState {
  const over = nextState(point.base, 'off', point.manner);
  return over === 'returned' && isConcealed(point) ? 'normal' : over;
}

function unacknowledged(point: Point, now: Now): Point {
  return { ...point, acknowledged: null, escalation: 0, unacknowledgedSinceMs: now.monotonicMs };
}

function chatterOn(count: number, { monotonicMs }: Now): NonNullable<Point['chatter']> {
  return { count, lastMs: monotonicMs };
}

function unmoved(point: Point): Moved {
  return { point, event: null };
}
