import {
  type JournalRecord,
  PestBiofixRecord,
  PestPressureRecord,
  PestSeenRecord,
  TrapCountRecord,
  WeatherHourRecord,
} from '@nongtin/broker/wire';

type RecordOf<K extends JournalRecord['kind']> = Extract<JournalRecord, { kind: K }>;

/** Kinds of records that pests are judged by. */
export const kinds = {
  count: TrapCountRecord.properties.kind.const,
  seen: PestSeenRecord.properties.kind.const,
  biofix: PestBiofixRecord.properties.kind.const,
  hour: WeatherHourRecord.properties.kind.const,
  pressure: PestPressureRecord.properties.kind.const,
} as const;

export interface PestJournal {
  appendRecord(record: JournalRecord): Promise<number>;
  recordsAfter<K extends (typeof kinds)[keyof typeof kinds]>(
    kind: K,
    after: number,
    limit: number,
    span: { readonly fromMs: number; readonly toMs: number },
  ): Promise<readonly { readonly number: number; readonly record: RecordOf<K> }[]>;
  newest(kind: typeof kinds.pressure, field: 'pest'): Promise<readonly PestPressureRecord[]>;
}

const PAGE = 500;
/** Of each kind: as many traps as a farm may have, told once a day, for half a year. What is older gives way. */
const MOST = 50_000;

/** Records of a kind that were written from a moment on, the earliest first; in pages, and of too many the newest. */
export async function readBack<K extends (typeof kinds)[keyof typeof kinds]>(
  journal: PestJournal,
  kind: K,
  fromMs: number,
): Promise<RecordOf<K>[]> {
  const span = { fromMs, toMs: Number.MAX_SAFE_INTEGER };
  const found: RecordOf<K>[] = [];
  for (let after = 0; ; ) {
    const page = await journal.recordsAfter(kind, after, PAGE, span);
    found.push(...page.map(({ record }) => record));
    after = page.at(-1)?.number ?? after;
    found.splice(0, found.length - MOST);
    if (page.length < PAGE) return found;
  }
}

/** Counts and scoutings with their revisions, and the biofixes that people have told. */
export class PestBook {
  readonly #counts = new Map<string, TrapCountRecord>();
  /** The same, by trap. */
  readonly #ofTrap = new Map<string, Map<string, TrapCountRecord>>();
  readonly #seen = new Map<string, PestSeenRecord>();
  readonly #biofixes = new Map<string, PestBiofixRecord>();

  add(record: TrapCountRecord | PestSeenRecord | PestBiofixRecord): void {
    if (record.kind === kinds.count) this.#addCount(record);
    else if (record.kind === kinds.seen) newest(this.#seen, record.seenId, record);
    else this.#biofixes.set(`${record.plot}\n${record.pest}`, record);
  }

  /** The newest revision, withdrawn ones too. */
  count(countId: string): TrapCountRecord | undefined {
    return this.#counts.get(countId);
  }

  seen(seenId: string): PestSeenRecord | undefined {
    return this.#seen.get(seenId);
  }

  /**
   * Newest revisions, the latest look first; of one trap or of all. What people have counted begins with the look before it that is
   * known by now, so that the same looks come to the same whatever came when.
   */
  counts(trap?: string): TrapCountRecord[] {
    const traps = trap === undefined ? [...this.#ofTrap.keys()] : [trap];
    return traps
      .flatMap((one) => sinceTheLookBefore([...(this.#ofTrap.get(one)?.values() ?? [])]))
      .sort(latestFirst);
  }

  sightings(): PestSeenRecord[] {
    return [...this.#seen.values()].sort((a, b) => b.seenAtMs - a.seenAtMs || (a.seenId < b.seenId ? -1 : 1));
  }

  /** The day that a person has told; null: none. */
  biofix(plot: string, pest: string): string | null {
    return this.#biofixes.get(`${plot}\n${pest}`)?.date ?? null;
  }

  /** What ended before is known no more; it stays in the journal. */
  forget(beforeMs: number): void {
    for (const [id, { untilMs, trapId }] of this.#counts) {
      if (untilMs >= beforeMs) continue;
      this.#counts.delete(id);
      this.#ofTrap.get(trapId)?.delete(id);
    }
    for (const [id, { seenAtMs }] of this.#seen) if (seenAtMs < beforeMs) this.#seen.delete(id);
  }

  #addCount(record: TrapCountRecord): void {
    const before = this.#counts.get(record.countId);
    newest(this.#counts, record.countId, record);
    // A correction may be of another trap.
    if (before !== undefined) this.#ofTrap.get(before.trapId)?.delete(record.countId);
    const now = this.#counts.get(record.countId) ?? record;
    const its = this.#ofTrap.get(now.trapId) ?? new Map<string, TrapCountRecord>();
    this.#ofTrap.set(now.trapId, its.set(record.countId, now));
  }
}

const latestFirst = (a: TrapCountRecord, b: TrapCountRecord) =>
  b.untilMs - a.untilMs || (a.countId < b.countId ? -1 : 1);

/** Of one trap. */
function sinceTheLookBefore(records: readonly TrapCountRecord[]): TrapCountRecord[] {
  let before: number | null = null;
  return records
    .toSorted(latestFirst)
    .reverse()
    .map((record) => {
      const { fromMs, untilMs, countedBy, state, since } = record;
      const look = before;
      if (state === 'standing') before = untilMs;
      if (countedBy === 'device' || state === 'withdrawn' || look === null || look >= untilMs) return record;
      return { ...record, fromMs: since === 'look_before' ? look : Math.max(fromMs, look) };
    });
}

function newest<R extends { readonly revision: number }>(all: Map<string, R>, id: string, record: R): void {
  const known = all.get(id);
  if (known === undefined || known.revision < record.revision) all.set(id, record);
}
