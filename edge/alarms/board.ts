import type { AlarmRecord } from '@nongtin/broker/wire';
import type { AlarmChange, AlarmEvent } from './change.ts';
import { concealmentOf, isOver, isShown, type Now, type Point } from './point.ts';
import { type Behind, changeOf, ranks, recordOf } from './record.ts';
import { isStanding } from './state-table.ts';

/** An alarm by what it is of, and what it says. */
export type Named = Pick<Point, 'source' | 'condition' | 'reason'>;

/** Which alarm stands behind which. */
export interface Causes {
  /** Whether others may stand behind an alarm of this condition. */
  isCause(condition: string): boolean;
  isBehind(effect: Named, cause: Named): boolean;
}

/** Alarms that are over, kept in view. */
const MOST_CLEARED = 100;
const MOST_NAMED = 100;

/** Every alarm there is now, and some that are over. */
export class Board {
  readonly #causes: Causes | undefined;
  readonly #points = new Map<string, Point>();
  /** The newest record of each point. */
  readonly #records = new Map<string, AlarmRecord>();
  #cleared: AlarmRecord[] = [];

  constructor(causes: Causes | undefined) {
    this.#causes = causes;
  }

  get size(): number {
    return this.#points.size;
  }

  get(id: string): Point | undefined {
    return this.#points.get(id);
  }

  /** As they are now: what becomes of one of them meanwhile is not among them. */
  points(): Point[] {
    return [...this.#points.values()];
  }

  byAlarm(alarmId: string): Point | undefined {
    for (const point of this.#points.values()) if (point.alarmId === alarmId) return point;
    return undefined;
  }

  recordOf(id: string): AlarmRecord | undefined {
    return this.#records.get(id);
  }

  /** Of an earlier start. */
  restore(point: Point, record: AlarmRecord, now: Now): void {
    if (isOver(point, now)) {
      if (this.#cleared.length < MOST_CLEARED) this.#cleared.push(record);
    } else if (!this.#points.has(point.id)) {
      this.#points.set(point.id, point);
      const isEarlier = record.alarmState === undefined;
      this.#records.set(point.id, isEarlier ? recordOf(point, 'carried', null, record.atMs) : record);
    }
  }

  set(point: Point): void {
    this.#points.set(point.id, point);
  }

  /** What has happened to a point, as it is recorded and told. */
  record(point: Point, event: AlarmEvent, { atMs }: Now): { record: AlarmRecord; change: AlarmChange } {
    const behind = this.#behindOf(point);
    const record = recordOf(point, event, behind, atMs);
    this.#records.set(point.id, record);
    const others = this.#cleared.filter(({ alarmId }) => alarmId !== record.alarmId);
    this.#cleared = isShown(point) ? others : [record, ...others].slice(0, MOST_CLEARED);
    return { record, change: changeOf(point, event, behind, atMs) };
  }

  forget(id: string): void {
    this.#points.delete(id);
    this.#records.delete(id);
  }

  /** The alarm behind which this one stands now. */
  causeOf(effect: Named & { readonly id: string }): string | null {
    const causes = this.#causes;
    if (causes === undefined) return null;
    const isIt = (point: Point) =>
      causes.isCause(point.condition) && isStanding(point.base) && causes.isBehind(effect, point);
    for (const point of this.#points.values())
      if (point.id !== effect.id && isIt(point)) return point.alarmId;
    return null;
  }

  /** Those that people are told of first, the gravest first, the newest first; concealed ones; then what is over. */
  list(): readonly AlarmRecord[] {
    const ranked = this.points().flatMap((point) => {
      const record = this.#records.get(point.id);
      return record === undefined || !isShown(point) ? [] : { record, rank: rankOf(point) };
    });
    ranked.sort((a, b) => a.rank - b.rank || b.record.atMs - a.record.atMs);
    return [...ranked.map(({ record }) => record), ...this.#cleared];
  }

  current(): readonly AlarmChange[] {
    return this.points()
      .filter(isShown)
      .map((point) => {
        const { change = 'raised', atMs = point.raisedAtMs } = this.#records.get(point.id) ?? {};
        return changeOf(point, change as AlarmEvent, this.#behindOf(point), atMs);
      });
  }

  #behindOf({ alarmId, condition }: Point): Behind | null {
    if (!this.#causes?.isCause(condition)) return null;
    const effects = this.points().filter((point) => point.causeId === alarmId && isStanding(point.base));
    return { count: effects.length, sources: effects.slice(0, MOST_NAMED).map(({ source }) => source) };
  }
}

const WAITING = {
  ...{ unacknowledged: 0, acknowledged: 10, latched: 20, returned: 30, latched_acknowledged: 40, normal: 50 },
} as const;

function rankOf(point: Point): number {
  return (concealmentOf(point) === null ? 0 : 100) + WAITING[point.base] + ranks[point.severity];
}
