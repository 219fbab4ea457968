import {
  canonicalJson,
  type DiaryEntry,
  type DiaryRevision,
  type DiaryRevisionRecord,
  mergeEntry,
  type RevisionProblem,
  type RevisionVerdict,
} from '@nongtin/broker/wire';
import type { Farm } from '../farm/layout.ts';
import { dateText, localDay } from '../irrigation/programs/calendar.ts';
import type { DiaryBook } from './book.ts';
import { readRevision, revisionProblems, type Standing } from './check-revision.ts';
import type { Person } from './ports.ts';

interface DiarySyncOptions {
  readonly book: DiaryBook;
  readonly layout: { readonly farm: Farm };
  readonly journal: { appendRecord(record: DiaryRevisionRecord): Promise<number> };
  readonly clock: { nowMs(): number; isTrusted(): boolean };
  /** Called with each entry that a batch begins or changes, as it will be, before its revisions are written. */
  readonly onEntry: (entry: DiaryEntry, person: Person) => Promise<unknown>;
}

/**
 * The door for phones: batches of revisions, in any order and any number of times. Each one is judged by itself. An accepted one
 * is one journal record; its verdict is given when that is on the disk.
 */
export class DiarySync {
  readonly #options: DiarySyncOptions;
  /** One batch at a time: two that hold the same revision must not both find it new. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: DiarySyncOptions) {
    this.#options = options;
  }

  accept(batch: readonly unknown[], sender: Person): Promise<RevisionVerdict[]> {
    const turn = this.#turn.then(() => this.#accept(batch, sender));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #accept(batch: readonly unknown[], sender: Person): Promise<RevisionVerdict[]> {
    const { book, journal, clock, onEntry } = this.#options;
    const { farm } = this.#options.layout;
    const latestMs = clock.isTrusted() ? clock.nowMs() + CLOCKS_DIFFER_MS : null;
    const judged = new Judging({ book, farm, account: sender.id, latestMs });
    const verdicts = judged.all(batch);
    const atMs = clock.nowMs();
    for (const entryId of new Set(judged.accepted.map((one) => one.entryId))) {
      const entry = judged.entry(entryId);
      if (entry !== undefined) await onEntry(entry, sender);
    }
    const appends = judged.accepted.map(async (revision) => {
      const record = { kind: 'diary_revision', atMs, revision } as const;
      return { number: await journal.appendRecord(record), record };
    });
    book.add(await Promise.all(appends));
    if (judged.accepted.length > 0) book.rename(sender.id, sender.name);
    return verdicts;
  }
}

interface JudgingOptions {
  readonly book: DiaryBook;
  readonly farm: Farm;
  readonly account: string;
  /** Null: the gateway is not sure what time it is. */
  readonly latestMs: number | null;
}

/** Phones and the gateway may differ by so much. */
const CLOCKS_DIFFER_MS = 10 * 60_000;

/** One batch: the book as it is, and what of the batch is accepted already. */
class Judging implements Standing {
  readonly farm: Farm;
  readonly account: string;
  readonly latestDate: string | null;
  readonly accepted: DiaryRevision[] = [];
  readonly #book: DiaryBook;

  constructor({ book, farm, account, latestMs }: JudgingOptions) {
    this.#book = book;
    this.farm = farm;
    this.account = account;
    const timeZone = farm.timeZone ?? 'Asia/Ho_Chi_Minh';
    this.latestDate = latestMs === null ? null : dateText(localDay(timeZone, latestMs));
  }

  revision(revisionId: string): DiaryRevision | undefined {
    return this.accepted.find((one) => one.revisionId === revisionId) ?? this.#book.revision(revisionId);
  }

  entry(entryId: string) {
    const fresh = this.accepted.filter((one) => one.entryId === entryId);
    const known = this.#book.entry(entryId)?.revisions ?? [];
    return fresh.length + known.length === 0 ? undefined : mergeEntry([...known, ...fresh]);
  }

  /** A verdict for each, in the batch's order. Those that others in it are made on come first, whatever their place. */
  all(batch: readonly unknown[]): RevisionVerdict[] {
    const verdicts: (RevisionVerdict | undefined)[] = batch.map(() => undefined);
    const waiting: { readonly at: number; readonly revision: DiaryRevision }[] = [];
    for (const [at, value] of batch.entries()) {
      const read = readRevision(value);
      if (isRevision(read)) waiting.push({ at, revision: read });
      else verdicts[at] = { revisionId: nameOf(value), verdict: 'refused', problems: [...read] };
    }
    while (waiting.length > 0) {
      const next = waiting.findIndex(({ revision }) => this.#isReady(revision));
      const [one] = waiting.splice(Math.max(next, 0), 1);
      if (one !== undefined) verdicts[one.at] = this.#verdict(one.revision);
    }
    return verdicts.filter((verdict) => verdict !== undefined);
  }

  #isReady({ madeOn }: DiaryRevision): boolean {
    return madeOn.every((id) => this.revision(id) !== undefined);
  }

  #verdict(revision: DiaryRevision): RevisionVerdict {
    const { revisionId } = revision;
    const known = this.revision(revisionId);
    if (known !== undefined) {
      if (canonicalJson(known) === canonicalJson(revision))
        return { revisionId, verdict: 'known', problems: [] };
      const problem = { path: 'revisionId', key: 'diary_id_reused', figures: {} };
      return { revisionId, verdict: 'refused', problems: [problem] };
    }
    const problems = revisionProblems(revision, this);
    if (problems.length > 0) return { revisionId, verdict: 'refused', problems };
    this.accepted.push(revision);
    return { revisionId, verdict: 'accepted', problems: [] };
  }
}

function isRevision(read: DiaryRevision | readonly RevisionProblem[]): read is DiaryRevision {
  return !Array.isArray(read);
}

/** By which the phone knows which of its own is meant, as far as it says so. */
function nameOf(value: unknown): string {
  const name = (value as { revisionId?: unknown } | null)?.revisionId;
  return typeof name === 'string' ? name.slice(0, 64) : '';
}
