import type { JournalRecord, ProgramHoldRecord } from '@nongtin/broker/wire';

interface HoldsJournal {
  appendRecord(record: JournalRecord): Promise<number>;
  /** Of each zone's records, and of those of all zones, the newest. */
  newest(kind: 'program_hold', field: 'zone'): Promise<readonly ProgramHoldRecord[]>;
}

/** What people have said of a zone's program, or of all of them. */
interface Hold {
  readonly by: string;
  /** Of the farm's calendar; null: until a person takes it back. */
  readonly untilMs: number | null;
}

/**
 * Programs that people have told to wait: one zone's until a time, or all of them until somebody takes it back. Each is a
 * record of the journal, so that no restart begins to water what was stopped (a valve, a burst pipe, a spraying neighbour).
 */
export class ProgramHolds {
  readonly #journal: HoldsJournal;
  readonly #nowMs: () => number;
  /** Called as soon as a hold is in force, or none any more. */
  readonly #onChanged: () => void;
  /** By zone; '' is all of them. */
  readonly #holds = new Map<string, Hold>();

  constructor(journal: HoldsJournal, nowMs: () => number, onChanged: () => void = () => {}) {
    this.#journal = journal;
    this.#nowMs = nowMs;
    this.#onChanged = onChanged;
  }

  async start(): Promise<void> {
    for (const record of await this.#journal.newest('program_hold', 'zone')) this.#take(record);
  }

  /** In force at once, durable when it resolves. `zone` null: every zone's. */
  hold(zone: string | null, { untilMs, by }: Hold): Promise<void> {
    return this.#record({ zone, untilMs, by, holds: true });
  }

  /** Durable first: what begins to water must not be forgotten. */
  async release(zone: string | null, by: string): Promise<void> {
    await this.#record({ zone, untilMs: null, by, holds: false });
  }

  /** Those in force for a zone now. */
  of(zone: string): { readonly stopAll: Hold | null; readonly pause: Hold | null } {
    return { stopAll: this.all(), pause: this.#inForce(zone) };
  }

  /** The one that holds every program. */
  all(): Hold | null {
    return this.#inForce('');
  }

  #inForce(key: string): Hold | null {
    const hold = this.#holds.get(key);
    if (hold === undefined || (hold.untilMs !== null && hold.untilMs <= this.#nowMs())) return null;
    return hold;
  }

  async #record(said: Pick<ProgramHoldRecord, 'zone' | 'untilMs' | 'by' | 'holds'>): Promise<void> {
    const record: ProgramHoldRecord = { kind: 'program_hold', atMs: this.#nowMs(), ...said };
    if (said.holds) this.#begin(record);
    await this.#journal.appendRecord(record);
    if (!said.holds) this.#begin(record);
  }

  #begin(record: ProgramHoldRecord): void {
    this.#take(record);
    this.#onChanged();
  }

  #take({ zone, untilMs, by, holds }: ProgramHoldRecord): void {
    if (holds) this.#holds.set(zone ?? '', { by, untilMs });
    else this.#holds.delete(zone ?? '');
  }
}
