import type { MaintenanceRecord } from '@nongtin/broker/wire';
import type { Maintained } from './point.ts';

interface MaintenanceOptions {
  readonly journal: {
    appendRecord(record: MaintenanceRecord): Promise<number>;
    /** Of each subject's records the newest. */
    newest(kind: 'maintenance', field: 'subject'): Promise<readonly MaintenanceRecord[]>;
  };
  readonly clock: { nowMs(): number };
  /** Of a source of alarms: its own nodes in the farm's cause tree, and all above them. */
  readonly nodesOf: (source: string) => ReadonlySet<string>;
}

/** What is being maintained: a node of the cause tree ('device:ID', 'zone:ID', 'water:ID', 'supply:ID'), or one alarm ('point SOURCE CONDITION'). */
export interface Maintenance extends Maintained {
  readonly subject: string;
  readonly sinceMs: number;
}

/** One that begins later than now: the clock went back, and nobody knows how long ago it was. */
const CLOCK_SLACK_MS = 60_000;

/**
 * Who has put devices, zones, sources of water or single alarms out of the way of being told, until when and why. Each is a record of the
 * journal, so a restart changes nothing.
 */
export class MaintenanceBook {
  readonly #options: MaintenanceOptions;
  readonly #held = new Map<string, Maintenance>();

  constructor(options: MaintenanceOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    for (const record of await this.#options.journal.newest('maintenance', 'subject')) this.#take(record);
  }

  /** In force at once, durable when it resolves. `untilMs` null: one alarm, out of service until somebody takes it back. */
  begin(subject: string, { untilMs, by, why }: Maintained): Promise<void> {
    return this.#record({ subject, holds: true, untilMs, by, why });
  }

  /** False: there was none. */
  async end(subject: string, by: string): Promise<boolean> {
    if (!this.list().some((known) => known.subject === subject)) return false;
    await this.#record({ subject, holds: false, untilMs: null, by, why: '' });
    return true;
  }

  /** Those in force. */
  list(): readonly Maintenance[] {
    const nowMs = this.#options.clock.nowMs();
    return [...this.#held.values()].filter(
      ({ sinceMs, untilMs }) => untilMs === null || (nowMs < untilMs && nowMs >= sinceMs - CLOCK_SLACK_MS),
    );
  }

  /** What holds for an alarm: being out of service itself first. */
  of(source: string, point: string): Maintained | null {
    if (this.#held.size === 0) return null;
    const inForce = this.list();
    const nodes = this.#options.nodesOf(source);
    const held =
      inForce.find(({ subject }) => subject === `point ${point}`) ??
      inForce.find(({ subject }) => nodes.has(subject));
    return held === undefined ? null : { untilMs: held.untilMs, by: held.by, why: held.why };
  }

  async #record(said: Omit<MaintenanceRecord, 'kind' | 'atMs'>): Promise<void> {
    const { clock, journal } = this.#options;
    const record: MaintenanceRecord = { kind: 'maintenance', atMs: clock.nowMs(), ...said };
    this.#take(record);
    await journal.appendRecord(record);
  }

  #take({ subject, holds, atMs, untilMs, by, why }: MaintenanceRecord): void {
    if (holds) this.#held.set(subject, { subject, sinceMs: atMs, untilMs, by, why });
    else this.#held.delete(subject);
  }
}
