import type { DiaryEntry, FieldValue, Reason, TrapCountRecord } from '@nongtin/broker/wire';
import { momentOfText } from '../irrigation/programs/bans.ts';
import { kinds, type PestBook } from './book.ts';
import { type CheckContext, type CountWish, checkCount } from './check.ts';

interface DiaryCountsOptions {
  readonly book: PestBook;
  readonly journal: { appendRecord(record: TrapCountRecord): Promise<number> };
  readonly clock: { nowMs(): number; isTrusted(): boolean };
  /** All counts but one, and what a count is checked against. */
  readonly context: (but: string) => CheckContext;
  /** The farm's own 'YYYY-MM-DDTHH:MM'. */
  readonly local: (atMs: number) => string;
  readonly onKept: () => void;
}

/**
 * Counts of traps that stand in the diary as observations with a `trap`: what a phone wrote without a signal comes with its other
 * entries. A count is reckoned with by its record, which is written before the diary's revision; the same entry told again makes no
 * second one. What keeps a count from being reckoned with is told beside the entry, which stays.
 */
export class DiaryCounts {
  readonly #options: DiaryCountsOptions;

  constructor(options: DiaryCountsOptions) {
    this.#options = options;
  }

  /** An entry of the diary as it is now. Resolves when what follows from it is durable. */
  async tell(entry: DiaryEntry, person: { readonly id: string; readonly name: string }): Promise<void> {
    const { book } = this.#options;
    const known = book.count(entry.entryId);
    const wish = this.#wishOf(entry, known);
    if (wish === null) return;
    // A note added to it later says nothing of the count, whose trap may be gone by then.
    if (known?.state === 'standing' && !entry.withdrawn && this.#isSame(known, wish)) return;
    const facts = entry.withdrawn ? null : checkCount(wish, this.#context(entry.entryId, wish), 'late');
    if (facts === null || 'refused' in facts) {
      if (known?.state === 'standing') await this.#keep({ ...known, state: 'withdrawn' }, entry, person);
      return;
    }
    const next = { ...facts, countId: entry.entryId, revision: known?.revision ?? 0 };
    const photoSha256 = newestPhoto(entry);
    await this.#keep({ ...next, photoSha256, state: 'standing' }, entry, person);
  }

  /** Why an entry's count is not reckoned with; empty: it is, or there is none. */
  warnings(entry: DiaryEntry): readonly Reason[] {
    const known = this.#options.book.count(entry.entryId);
    const wish = this.#wishOf(entry, known);
    if (wish === null || entry.withdrawn) return [];
    if (known?.state === 'standing')
      return this.#isSinceNever(known)
        ? [{ key: 'pest_count_since_missing', figures: { trap: this.#nameOf(known.trapId) } }]
        : [];
    const facts = checkCount(wish, this.#context(entry.entryId, wish), 'late');
    // What stood in its way is gone; it counts as soon as somebody tells it again.
    return ['refused' in facts ? facts.refused : { key: 'pest_count_untaken', figures: {} }];
  }

  async #keep(
    facts: Omit<TrapCountRecord, 'kind' | 'atMs' | 'countedBy' | 'by' | 'recordedBy'>,
    entry: DiaryEntry,
    person: { readonly id: string; readonly name: string },
  ): Promise<void> {
    const { book, journal, clock, onKept } = this.#options;
    const { why: _, ...rest } = facts;
    const why = facts.revision === 0 ? undefined : entry.revisions.at(-1)?.why;
    const record: TrapCountRecord = {
      ...{ kind: kinds.count, ...rest, revision: facts.revision + 1 },
      ...{ atMs: clock.nowMs(), countedBy: 'person', by: person.name, recordedBy: person.id },
      ...(why === undefined ? {} : { why }),
    };
    await journal.appendRecord(record);
    book.add(record);
    onKept();
  }

  /** Null: it is no count of a trap. Entries of before say no trap, and their records do. */
  #wishOf({ entryKind, fields }: DiaryEntry, known: TrapCountRecord | undefined): CountWish | null {
    const { local } = this.#options;
    const value = (name: string): FieldValue => fields[name]?.value ?? null;
    const trap = value('trap') ?? known?.trapId;
    if (entryKind !== 'observation' || typeof trap !== 'string' || known?.countedBy === 'device') return null;
    const [count, date, time] = [value('count'), value('date'), value('startTime')];
    const told = value('sinceDate');
    const before = known === undefined || known.since === 'look_before' ? undefined : local(known.fromMs);
    return {
      ...{ trap, count: typeof count === 'number' ? count : Number.NaN },
      countedAt: `${String(date ?? '')}T${String(time ?? '')}`,
      since: typeof told === 'string' ? `${told}T${String(value('sinceTime') ?? '00:00')}` : before,
    };
  }

  #isSame({ trapId, count, fromMs, untilMs, since }: TrapCountRecord, wish: CountWish): boolean {
    const { local } = this.#options;
    const isSameSince =
      wish.since === undefined
        ? since === 'look_before'
        : since === undefined && wish.since === local(fromMs);
    return wish.trap === trapId && wish.count === count && wish.countedAt === local(untilMs) && isSameSince;
  }

  #nameOf(trapId: string): string {
    return this.#options.context('').farm.traps?.find(({ id }) => id === trapId)?.name ?? trapId;
  }

  /** Of no time at all: no look before it is known. */
  #isSinceNever({ countId, trapId }: TrapCountRecord): boolean {
    const now = this.#options.book.counts(trapId).find((one) => one.countId === countId);
    return now !== undefined && now.fromMs >= now.untilMs;
  }

  /** A gateway that is not sure of the time refuses nothing for being too old, or in its future. */
  #context(entryId: string, { countedAt }: CountWish): CheckContext {
    const context = this.#options.context(entryId);
    const { timeZone, nowMs } = context;
    return this.#options.clock.isTrusted()
      ? context
      : { ...context, nowMs: momentOfText(countedAt, { timeZone }) ?? nowMs };
  }
}

/** The last one that was attached and is still there; null: none. */
function newestPhoto({ attachments, revisions }: DiaryEntry): string | null {
  const shown = new Set(
    attachments.flatMap(({ sha256, mediaType }) => (mediaType.startsWith('image/') ? [sha256] : [])),
  );
  const attached = revisions.flatMap(({ attach }) => attach).filter(({ sha256 }) => shown.has(sha256));
  return attached.at(-1)?.sha256 ?? null;
}
