import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type {
  DiaryEntry,
  DiaryRevisionRecord,
  HarvestRecord,
  JournalRecord,
  Reason,
  RevisionVerdict,
  SprayRecord,
} from '@nongtin/broker/wire';
import type { Farm } from '../farm/layout.ts';
import { DAY_MS, dayOfText, momentOf } from '../irrigation/programs/calendar.ts';
import type { TimeSpan } from '../journal/index.ts';
import { Attachments } from './attachments.ts';
import { type BookedEntry, type BookedRevision, type BookJournal, DiaryBook } from './book.ts';
import { DiaryHarvests, type KeptHarvest } from './harvests.ts';
import { type MeasuredEntry, measuredEntries, measuredKinds, type Numbered } from './measured.ts';
import type { HarvestGuard, LayoutRecords, ManagersWord, Person, SprayGuard, TrapCounts } from './ports.ts';
import { DiarySync } from './sync.ts';

type RecordOf<K extends JournalRecord['kind']> = Extract<JournalRecord, { kind: K }>;

interface DiaryOptions {
  readonly layout: { readonly farm: Farm };
  readonly journal: Pick<BookJournal, 'lastNumber'> &
    LayoutRecords & {
      appendRecord(record: HarvestRecord | DiaryRevisionRecord): Promise<number>;
      recordsAfter<K extends (typeof measuredKinds)[number] | 'diary_revision' | 'harvest' | 'spray'>(
        kind: K,
        after: number,
        limit: number,
        span?: TimeSpan,
      ): Promise<readonly { readonly number: number; readonly record: RecordOf<K> }[]>;
    };
  readonly clock: { nowMs(): number; isTrusted(): boolean };
  readonly guard: HarvestGuard & SprayGuard;
  /** Absent: nobody reckons with traps. */
  readonly traps?: TrapCounts | undefined;
  readonly newId: () => string;
  /** Where photos and the book are kept. */
  readonly folder: string;
  /** What bars a harvest of the diary, by its entry: people have to know. Empty: nothing does any more. */
  readonly onBarred?: (entryId: string, bars: readonly Reason[]) => void;
}

export interface Harvest {
  readonly plot: string;
  readonly quantityKg: number;
  /** Id of the account; the journal travels and is kept, so no address and no name. */
  readonly recordedBy: string;
}

/** Days of the diary, everything that is told of them. */
export interface DiaryDays {
  readonly entries: readonly (BookedEntry & {
    readonly warnings: readonly Reason[];
    /** Of a spraying, what the guard goes by: with the list's figures and the weather that was measured. */
    readonly spray?: SprayRecord | undefined;
  })[];
  readonly measured: readonly MeasuredEntry[];
  /** Harvests that were told by the door for these alone. */
  readonly harvests: readonly Numbered<'harvest'>[];
  /** The same of sprayings, as they stand. */
  readonly sprays: readonly Numbered<'spray'>[];
}

/** Entries of people in one answer: some fifty a day for a year. */
const MOST_ENTRIES = 20_000;
const PAGE = 500;
/** An alarm may be over so much later than the day on which it began. */
const ALARM_LASTS_MS = 30 * DAY_MS;

/** The farm's diary: what people write down, and what the journal's measurements say for themselves. */
export class Diary {
  readonly #options: DiaryOptions;
  readonly #opened: { readonly book: DiaryBook; readonly attachments: Attachments };
  readonly #sync: DiarySync;
  readonly #harvests: DiaryHarvests;

  constructor(options: DiaryOptions) {
    const { folder, layout, journal, clock } = options;
    this.#options = options;
    mkdirSync(folder, { recursive: true });
    const book = new DiaryBook(join(folder, 'book.sqlite'));
    this.#opened = { book, attachments: new Attachments({ folder: join(folder, 'attachments') }) };
    this.#harvests = new DiaryHarvests(options);
    this.#sync = new DiarySync({
      ...{ book, layout, journal, clock },
      onEntry: (entry, person) => this.#onEntry(entry, person),
    });
  }

  /** Everything that the journal has of it is in the book when this resolves. */
  async start(): Promise<void> {
    const { journal } = this.#options;
    for (const { record } of await all(journal, 'harvest')) this.#harvests.know(record);
    await this.#opened.book.follow(journal);
  }

  stop(): void {
    this.#opened.book.close();
  }

  get attachments(): Attachments {
    return this.#opened.attachments;
  }

  /** Undefined: no revision names it. */
  attachment(sha256: string) {
    return this.#opened.book.attachment(sha256);
  }

  /** A verdict for each, once the accepted ones are durable. */
  accept(batch: readonly unknown[], sender: Person): Promise<RevisionVerdict[]> {
    return this.#sync.accept(batch, sender);
  }

  /** In the order in which they came, after a number of the journal. */
  revisionsAfter(number: number, limit: number): BookedRevision[] {
    return this.#opened.book.after(number, limit);
  }

  /** Revisions of an entry that no other one was made on; none: there is no such entry. */
  heads(entryId: string): readonly string[] {
    return this.#opened.book.entry(entryId)?.heads ?? [];
  }

  nameOf(account: string): string {
    return this.#opened.book.nameOf(account);
  }

  /** Both days included, YYYY-MM-DD by the farm's calendar; throws a RangeError for what are no days. */
  async days(fromDate: string, toDate: string): Promise<DiaryDays> {
    const { layout, journal } = this.#options;
    const timeZone = layout.farm.timeZone ?? 'Asia/Ho_Chi_Minh';
    const [from, to] = [dayOfText(fromDate), dayOfText(toDate)];
    if (from === null || to === null || to < from) throw new RangeError('no days');
    const span = { fromMs: momentOf(timeZone, from, 0), toMs: momentOf(timeZone, to + 1, 0) };
    const entries = this.#opened.book.entries(fromDate, toDate, MOST_ENTRIES);
    const records: Numbered[] = [];
    for (const kind of measuredKinds) {
      const toMs = kind === 'alarm' ? span.toMs + ALARM_LASTS_MS : span.toMs;
      records.push(...(await all(journal, kind, { fromMs: span.fromMs - DAY_MS, toMs })));
    }
    const measured = measuredEntries(records, layout.farm);
    const isWritten = (id: string) => this.#opened.book.entry(id) !== undefined;
    const sprays = await this.#sprays(span.fromMs);
    return {
      entries: entries.map((entry) => ({
        ...entry,
        warnings: this.#warnings(entry),
        ...(entry.entryKind === 'spraying' ? { spray: sprays.get(entry.entryId)?.record } : {}),
      })),
      measured: measured.filter(({ date }) => date >= fromDate && date <= toDate),
      harvests: (await all(journal, 'harvest', span)).filter(({ record }) => !isWritten(record.harvestId)),
      sprays: alone([...sprays.values()], fromDate, toDate),
    };
  }

  /**
   * The word of one who answers for the farm, about what the guard holds back: a spraying that the diary corrected, a harvest inside
   * an interval. Undefined: there is no such entry, or nothing is held back of its kind.
   */
  async giveWord(
    entryId: string,
    person: Person,
    why: string,
  ): Promise<{ readonly barred: readonly Reason[] } | undefined> {
    const entry = this.#opened.book.entry(entryId);
    if (entry?.entryKind === 'spraying') {
      const isTaken = await this.#options.guard.tell(entry, person, why);
      return { barred: isTaken ? [] : this.#options.guard.warnings(entry) };
    }
    if (entry?.entryKind !== 'harvest') return undefined;
    return { barred: await this.#follow(entry, person, { person, reason: why }) };
  }

  /** The newest revision of each spraying that may have ended since then. */
  async #sprays(fromMs: number): Promise<ReadonlyMap<string, Numbered<'spray'>>> {
    // A correction may have come at any time since.
    const records = await all(this.#options.journal, 'spray', { fromMs, toMs: Number.MAX_SAFE_INTEGER });
    return new Map(records.map((one) => [one.record.sprayId, one]));
  }

  #warnings(entry: BookedEntry): readonly Reason[] {
    const { guard, traps } = this.#options;
    if (entry.entryKind === 'spraying') return guard.warnings(entry);
    if (entry.entryKind === 'observation') return traps?.warnings(entry) ?? [];
    if (entry.entryKind !== 'harvest' || entry.withdrawn || this.#harvests.agrees(entry)) return [];
    const told = this.#harvests.toldBy(entry, '');
    return told === null ? [] : guard.bars(told).map(({ reason }) => reason);
  }

  /** Undefined when there is no such plot. Resolves when the record is durable; `barred`: by what it is refused. */
  async recordHarvest(
    harvest: Harvest,
    word?: ManagersWord,
  ): Promise<{ harvestId: string; entryNumber: number } | { barred: readonly Reason[] } | undefined> {
    const { layout, clock, newId } = this.#options;
    if (!layout.farm.plots.some(({ id }) => id === harvest.plot)) return undefined;
    const harvestId = newId();
    const kept = await this.#harvests.keep({ ...harvest, harvestId, atMs: clock.nowMs() }, word);
    return 'barred' in kept ? kept : { harvestId, ...kept };
  }

  /**
   * What an entry says to the guard and to the cloud is told before its revision is: after a power cut between them the phone sends
   * the revision again, and what was told already is not told twice.
   */
  async #onEntry(entry: DiaryEntry, person: Person): Promise<void> {
    if (entry.entryKind === 'spraying') await this.#options.guard.tell(entry, person);
    if (entry.entryKind === 'harvest') await this.#follow(entry, person);
    if (entry.entryKind === 'observation') await this.#options.traps?.tell(entry, person);
  }

  /** A harvest inside an interval stays in the diary, for it was done; no lot is made of it without a manager's word. */
  async #follow(entry: DiaryEntry, { id }: Person, word?: ManagersWord): Promise<readonly Reason[]> {
    const { onBarred } = this.#options;
    const kept: KeptHarvest = await this.#harvests.follow(entry, id, word);
    const bars = 'barred' in kept ? kept.barred : [];
    onBarred?.(entry.entryId, bars);
    return bars;
  }
}

/** Those that no entry of the diary tells, and that ended on these days; the earliest first. */
function alone(sprays: readonly Numbered<'spray'>[], fromDate: string, toDate: string) {
  return sprays
    .filter(
      ({ record: { endDate, isFromDiary } }) =>
        isFromDiary !== true && endDate >= fromDate && endDate <= toDate,
    )
    .sort((a, b) => a.record.endedAtMs - b.record.endedAtMs);
}

async function all<K extends (typeof measuredKinds)[number] | 'harvest' | 'spray'>(
  journal: DiaryOptions['journal'],
  kind: K,
  span?: TimeSpan,
) {
  const found: { readonly number: number; readonly record: RecordOf<K> }[] = [];
  for (;;) {
    const page = await journal.recordsAfter(kind, found.at(-1)?.number ?? 0, PAGE, span);
    found.push(...page);
    if (page.length < PAGE) return found;
  }
}
