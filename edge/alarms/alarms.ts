import type { AlarmRecord, AlarmRule, Reason } from '@nongtin/broker/wire';
import { Board, type Causes } from './board.ts';
import type { AlarmChange, AlarmEvent, AlarmStream } from './change.ts';
import { Delays } from './delays.ts';
import { AlarmLedger, type LedgerOptions } from './ledger.ts';
import { Outbox } from './outbox.ts';
import type { Maintained, Moved, Now, Point } from './point.ts';
import * as points from './point.ts';
import { mannerOf, pointId, pointOf, ranks } from './record.ts';
import { isStanding, type Manner } from './state-table.ts';

interface AlarmsOptions extends Pick<LedgerOptions, 'journal' | 'logger'> {
  readonly clock: { nowMs(): number; monotonicMs(): number };
  readonly newId: () => string;
  /** Each change, as the API shows it. */
  readonly onAlarm: (alarm: AlarmRecord) => void;
  /** Default: each alarm is its own cause. */
  readonly causes?: Causes;
  /** Who has put a source of alarms, or one alarm ('SOURCE CONDITION'), out of the way of being told; default: nobody. */
  readonly maintenance?: { start(): Promise<void>; of(source: string, point: string): Maintained | null };
}

/** A condition of the farm's own: which rule it is, when it counts, and how its alarm leaves the list. */
export interface Ruled {
  readonly condition: string;
  readonly manner: Manner;
  readonly onDelayMs: number;
  /** Since when it is known to be fulfilled, monotonic ms; absent: since it was first said. */
  readonly sinceMs?: number | undefined;
  readonly rule: AlarmRule;
}

/** How long it has to be over, and since when it is known to be, monotonic ms. */
interface OffDelay {
  readonly delayMs: number;
  readonly sinceMs?: number | undefined;
}

type Told = Pick<Point, 'source' | 'severity' | 'reason' | 'condition' | 'manner' | 'rule'>;

/** When there are more, low ones are counted, and not taken up one by one: high ones are as many as the farm has places. */
const MOST_POINTS = 2_000;
/** After a cause is over, those behind it have so long to come back before people are told of them. */
const SETTLE_MS = 15 * 60_000;
/** The count of a chattering alarm is written so often. */
const COUNTED_EVERY_MS = 60_000;
const OVERFLOW = { source: 'alarms', key: 'alarm_flood' } as const;

/**
 * Conditions with a priority and a state by ISA-18.2 (IEC 62682). Each change is one journal record; the newest record of an alarm is
 * its state, so a restart forgets nothing. One cause is one alarm: those behind it are concealed, and told when they outlast it. In a
 * storm people are told at a bounded pace, of each alarm the newest state, and what chatters once.
 */
export class Alarms implements AlarmStream {
  readonly #options: AlarmsOptions;
  readonly #board: Board;
  readonly #ledger: AlarmLedger;
  readonly #delays = new Delays();
  readonly #listeners = new Set<(change: AlarmChange) => void>();
  readonly #stream: Outbox<AlarmChange>;
  /** When a cause that is over lets those behind it go; monotonic ms. */
  readonly #releases = new Map<string, number>();
  /** Causes behind which another number of alarms stands than was told. */
  readonly #grown = new Set<string>();
  /** When the count of a chattering alarm was written; monotonic ms. */
  readonly #countedMs = new Map<string, number>();
  /** Low ones for which there was no room. */
  readonly #overflow = new Set<string>();

  constructor(options: AlarmsOptions) {
    this.#options = options;
    this.#board = new Board(options.causes);
    const again = (id: string) => this.#board.recordOf(id);
    this.#ledger = new AlarmLedger({ journal: options.journal, logger: options.logger, again });
    this.#stream = new Outbox({
      ...{ burst: 100, perMinute: 60, rank: ({ priority }) => ranks[priority] },
      send: (change) => {
        for (const listener of this.#listeners) listener(change);
      },
    });
  }

  async start(): Promise<void> {
    await this.#options.maintenance?.start();
    const now = this.#now();
    for (const record of await this.#ledger.read()) this.#board.restore(pointOf(record, now), record, now);
    // Of a cause that was over when the gateway stopped nobody knows for how long.
    for (const { causeId } of this.#board.points())
      if (causeId !== null && !this.#holds(causeId)) this.#releases.set(causeId, now.monotonicMs + SETTLE_MS);
  }

  /** Its condition is fulfilled: of a rule of the farm's own, or of the gateway's, which `reason.key` names. */
  raise(source: string, severity: AlarmRecord['severity'], reason: Reason, ruled?: Partial<Ruled>): void {
    const { condition = reason.key, manner = mannerOf(severity), rule = null } = ruled ?? {};
    const { onDelayMs: delayMs = 0, sinceMs } = ruled ?? {};
    const id = pointId(source, condition);
    this.#delays.goesOn(id);
    if (this.#board.get(id)?.isOn) return;
    const told = { source, severity, reason, condition, manner, rule };
    this.#delays.after('on', id, { delayMs, sinceMs }, this.#now().monotonicMs, () => this.#raise(id, told));
  }

  /** Its condition is over, and counts as over when it stays so for the delay. */
  clear(source: string, condition: string, off: OffDelay = { delayMs: 0 }): void {
    const id = pointId(source, condition);
    this.#overflow.delete(id);
    this.#delays.isOver(id);
    if (!this.#board.get(id)?.isOn) return;
    this.#delays.after('off', id, off, this.#now().monotonicMs, () => this.#clear(id));
  }

  /** Nobody knows whether its condition is fulfilled: a delay that runs begins anew, what stands goes on. */
  doubt(source: string, condition: string): void {
    this.#delays.isOver(pointId(source, condition));
    this.#delays.goesOn(pointId(source, condition));
  }

  /** Time has passed: delays, shelves, maintenance, escalation. Asked every few seconds. */
  look(): void {
    const now = this.#now();
    this.#delays.pass(now.monotonicMs);
    for (const [causeId, dueMs] of this.#releases) if (now.monotonicMs >= dueMs) this.#release(causeId, now);
    for (const point of this.#board.points()) this.#pass(point, now);
    this.#tellGrown(now);
    this.#tellOverflow();
    this.#ledger.pass(now.monotonicMs);
    this.#stream.pass(now.monotonicMs);
  }

  /**
   * Undefined when no alarm of this id stands or waits for a person. `by` is the name of the person: the alarm is theirs. It does not wait
   * for the journal: the alarm may be that the journal cannot write. It never unlocks anything.
   */
  async acknowledge(alarmId: string, by: string, comment?: string): Promise<AlarmRecord | undefined> {
    const who = { by, atMs: this.#options.clock.nowMs(), comment: comment ?? null };
    return this.#act(alarmId, (point) => points.acknowledge(point, who));
  }

  /** One that latches, once its condition is over; nothing becomes of one that stands. Undefined: there is none of this id. */
  reset(alarmId: string): AlarmRecord | undefined {
    return this.#act(alarmId, points.reset);
  }

  /** Nobody is told of it for so long. Undefined: there is none of this id. */
  shelve(alarmId: string, { forMs, ...who }: Omit<points.Shelf, 'sinceMs' | 'untilMs'> & { forMs: number }) {
    const shelf = (sinceMs: number) => ({ ...who, sinceMs, untilMs: sinceMs + forMs });
    return this.#act(alarmId, (point, now) => points.cover(point, { shelf: shelf(now.atMs) }, now));
  }

  unshelve(alarmId: string): AlarmRecord | undefined {
    return this.#act(alarmId, (point, now) => points.cover(point, { shelf: null }, now));
  }

  /** Undefined: it is over, or there is none of this id. */
  find(alarmId: string): AlarmRecord | undefined {
    const point = this.#board.byAlarm(alarmId);
    return point && points.isShown(point) ? this.#board.recordOf(point.id) : undefined;
  }

  /** Those that people are told of first, the gravest first, the newest first; concealed ones; then some that are over. */
  list(): readonly AlarmRecord[] {
    return this.#board.list();
  }

  subscribe(listener: (change: AlarmChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  current(): readonly AlarmChange[] {
    return this.#board.current();
  }

  /** Writes and tells whatever waits for its turn. */
  flush(): void {
    this.#ledger.flush();
    this.#stream.flush();
  }

  #raise(id: string, told: Told): void {
    const known = this.#board.get(id);
    if (known === undefined && told.severity === 'low' && this.#board.size >= MOST_POINTS) {
      this.#overflow.add(id);
      return;
    }
    const now = this.#now();
    const isNew = known === undefined || !points.isShown(known);
    const named = { id, ...told, alarmId: isNew ? this.#options.newId() : known.alarmId };
    const point = known === undefined ? points.newPoint(named, now) : { ...known, ...named };
    const maintained = this.#options.maintenance?.of(told.source, id) ?? null;
    const covered = points.cover(point, { maintained, causeId: this.#board.causeOf(point) }, now).point;
    this.#apply(covered, points.raise(covered, told, now), now);
  }

  #clear(id: string): void {
    const now = this.#now();
    const point = this.#board.get(id);
    if (point) this.#apply(point, points.clear(point, now), now);
  }

  #act(alarmId: string, act: (point: Point, now: Now) => Moved): AlarmRecord | undefined {
    const now = this.#now();
    const point = this.#board.byAlarm(alarmId);
    if (point === undefined || !points.isShown(point)) return undefined;
    const before = this.#board.recordOf(point.id);
    return this.#apply(point, act(point, now), now) ?? before;
  }

  /** What becomes of a point is in view at once, told, and on its way to the journal. */
  #apply(before: Point, { point, event }: Moved, now: Now): AlarmRecord | undefined {
    if (point === before) return undefined;
    this.#board.set(point);
    if (event === null) return undefined;
    const record = this.#tell(point, event, now);
    this.#followCauses(before, point, now);
    return record;
  }

  #tell(point: Point, event: AlarmEvent, now: Now): AlarmRecord {
    const { record, change } = this.#board.record(point, event, now);
    this.#ledger.put(record, now.monotonicMs);
    this.#options.onAlarm(record);
    this.#stream.put(point.id, change, now.monotonicMs);
    return record;
  }

  #pass(seen: Point, now: Now): void {
    const maintained = this.#options.maintenance?.of(seen.source, seen.id) ?? null;
    const step = (act: (point: Point) => Moved) => {
      const point = this.#board.get(seen.id);
      if (point !== undefined) this.#apply(point, act(point), now);
    };
    step((point) => points.cover(point, { maintained }, now));
    step((point) => points.pass(point, now));
    const point = this.#board.get(seen.id);
    if (point === undefined) return;
    if (points.isOver(point, now)) {
      this.#board.forget(point.id);
      this.#countedMs.delete(point.id);
    } else if (point.chatter !== null) this.#count(point, now);
  }

  #count({ id, chatter, isOn }: Point, { monotonicMs }: Now): void {
    const { chattered, state } = this.#board.recordOf(id) ?? {};
    const isTold = chattered === chatter?.count && isOn === (state !== 'cleared');
    const countedMs = this.#countedMs.get(id) ?? Number.NEGATIVE_INFINITY;
    if (isTold || monotonicMs - countedMs < COUNTED_EVERY_MS) return;
    this.#countedMs.set(id, monotonicMs);
    this.#grown.add(id);
  }

  /** Those behind a cause come and go with it. */
  #followCauses(before: Point, after: Point, now: Now): void {
    for (const causeId of [before.causeId, after.causeId]) {
      const cause = causeId === null ? undefined : this.#board.byAlarm(causeId);
      if (cause) this.#grown.add(cause.id);
    }
    const { causes } = this.#options;
    const [stood, stands] = [isStanding(before.base), isStanding(after.base)];
    if (!causes?.isCause(after.condition) || stood === stands) return;
    if (!stands) this.#releases.set(after.alarmId, now.monotonicMs + SETTLE_MS);
    else {
      this.#releases.delete(after.alarmId);
      for (const point of this.#board.points())
        if (point.id !== after.id && isStanding(point.base) && causes.isBehind(point, after))
          this.#apply(point, points.cover(point, { causeId: after.alarmId }, now), now);
    }
  }

  /** The cause has been over for long enough: people are told of those that still stand, unless another cause is behind them. */
  #release(causeId: string, now: Now): void {
    this.#releases.delete(causeId);
    for (const point of this.#board.points()) {
      if (point.causeId !== causeId) continue;
      this.#apply(point, points.cover(point, { causeId: this.#board.causeOf(point) }, now), now);
    }
  }

  #holds(alarmId: string): boolean {
    const point = this.#board.byAlarm(alarmId);
    return point !== undefined && isStanding(point.base);
  }

  #tellGrown(now: Now): void {
    const grown = [...this.#grown];
    this.#grown.clear();
    for (const id of grown) {
      const point = this.#board.get(id);
      if (point && points.isShown(point)) this.#tell(point, 'grown', now);
    }
  }

  #tellOverflow(): void {
    const conditions = this.#overflow.size;
    if (conditions === 0) {
      this.clear(OVERFLOW.source, OVERFLOW.key);
      return;
    }
    this.raise(OVERFLOW.source, 'high', { key: OVERFLOW.key, figures: { conditions, limit: MOST_POINTS } });
    // Whoever reports a condition does so again: by then there may be room.
    if (this.#board.size < MOST_POINTS) this.#overflow.clear();
  }

  #now(): Now {
    const { clock } = this.#options;
    return { atMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
  }
}
