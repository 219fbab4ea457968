import { createHash } from 'node:crypto';
import type {
  FieldValue,
  JournalRecord,
  PestBiofixRecord,
  PestSeenRecord,
  RevisionVerdict,
  TrapCountRecord,
} from '@nongtin/broker/wire';
import { type Answer, refuse } from '../crop-protection/answer.ts';
import type { Farm } from '../farm/layout.ts';
import { conditionsSite } from '../irrigation/planning/programmed.ts';
import { dateText, dayOfText, localDay, timeText } from '../irrigation/programs/calendar.ts';
import { kinds, type PestBook } from './book.ts';
import {
  type CheckContext,
  type CountFacts,
  type CountWish,
  checkCount,
  checkSeen,
  placeProblem,
  type SeenWish,
} from './check.ts';
import { DiaryCounts } from './diary-counts.ts';
import type { PestLibrary } from './library.ts';

export interface PestNotesOptions {
  readonly book: PestBook;
  readonly journal: { appendRecord(record: JournalRecord): Promise<number> };
  readonly farm: () => Farm;
  readonly library: PestLibrary;
  readonly clock: { nowMs(): number; isTrusted(): boolean };
  readonly newId: () => string;
  /** Where what a person says of pests stands as an observation, with its photo. */
  readonly diary: {
    /** Tells `told` of counts before they are in the diary. */
    accept(batch: readonly unknown[], sender: Person): Promise<RevisionVerdict[]>;
    /** Revisions of an entry that no other one was made on; none: it has not begun. */
    heads(entryId: string): readonly string[];
  };
  /** A record has been kept. */
  readonly onKept: () => void;
}

/** Who says it. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly role: string;
}

/** One of the diary, of an observation; `set`: null withdraws it. */
interface Revision {
  readonly entryId: string;
  readonly revision: number;
  readonly madeOn: readonly string[];
  readonly atMs: number;
  readonly why: string | undefined;
  readonly set: Readonly<Record<string, FieldValue>> | null;
}

interface Photo {
  readonly sha256: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
}

/** What goes along with a count or a scouting. */
interface Beside {
  readonly photo?: Photo | undefined;
  readonly note?: string | undefined;
}

/** `revision`: the one that the person has seen. */
interface Change {
  readonly revision: number;
  readonly why: string;
}

/** So many a revision may name. */
const MOST_HEADS = 16;

/** What a farmer calls what a scouting counts. */
const UNITS: Readonly<Record<string, string>> = {
  per_hill: 'con/khóm',
  per_leaf: 'con/lá',
  per_flower: 'con/hoa',
  per_plant: 'con/cây',
  per_m2: 'con/m²',
  per_100m_row: 'ổ/100 m hàng',
  percent_plants: '% cây',
  percent_leaves: '% lá',
  percent_fruit: '% quả',
  percent_leaf_area: '% diện tích lá',
};

/**
 * What people say of pests: counts of traps, what they have seen on plants, from when on heat counts. Each is written once: the same
 * words make an observation of the diary, under the same id, whose photo comes there. One thing is done after the other, and a
 * correction is the next revision of both.
 */
export class PestNotes {
  readonly #options: PestNotesOptions;
  /** What the diary tells of counts: whoever wrote them down, a phone or this door. */
  readonly told: DiaryCounts;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: PestNotesOptions) {
    this.#options = options;
    const { book, journal, clock, onKept } = options;
    const context = (but: string) => this.#context(but);
    this.told = new DiaryCounts({
      book,
      journal,
      clock,
      onKept,
      context,
      local: (atMs) => this.#local(atMs),
    });
  }

  /** Newest revisions, withdrawn ones too, the latest first. */
  counts(trap?: string): readonly TrapCountRecord[] {
    return this.#options.book.counts(trap);
  }

  sightings(plot?: string): readonly PestSeenRecord[] {
    return this.#options.book.sightings().filter((one) => plot === undefined || one.plot === plot);
  }

  /** Resolves when it is durable. The same one sent again is the one that is there. */
  count(wish: CountWish & Beside, person: Person): Promise<Answer<TrapCountRecord>> {
    return this.#inTurn(async () => {
      const { diary } = this.#options;
      const countId = wish.countId ?? this.#options.newId();
      const known = this.#options.book.count(countId);
      const facts = checkCount(wish, this.#context(countId));
      if (known !== undefined && diary.heads(countId).length > 0)
        return 'refused' in facts || known.count !== facts.count || known.untilMs !== facts.untilMs
          ? refuse('conflict', 'pest_known_otherwise')
          : known;
      if ('refused' in facts) return facts;
      const since = wish.since === undefined ? {} : sinceOf(wish.since);
      const first = { entryId: countId, revision: 1, atMs: facts.untilMs, why: undefined };
      return this.#tell({ ...first, set: { ...this.#saidOf(facts), ...since } }, wish, person);
    });
  }

  correctCount(
    countId: string,
    { revision, why, wish }: Change & { readonly wish: CountWish & Beside },
    person: Person,
  ): Promise<Answer<TrapCountRecord>> {
    return this.#inTurn(async () => {
      const before = this.#newest(this.#options.book.count(countId), revision);
      if ('refused' in before) return before;
      const since = before.since === 'look_before' ? undefined : this.#local(before.fromMs);
      const facts = checkCount({ since, ...wish }, this.#context(countId));
      if ('refused' in facts) return facts;
      const told = wish.since ?? since;
      const set = { ...this.#saidOf(facts), ...(told === undefined ? {} : sinceOf(told)) };
      const change = { entryId: countId, revision: revision + 1, atMs: facts.untilMs, why, set };
      return this.#tell(change, wish, person);
    });
  }

  withdrawCount(
    countId: string,
    { revision, why }: Change,
    person: Person,
  ): Promise<Answer<TrapCountRecord>> {
    return this.#inTurn(async () => {
      const before = this.#newest(this.#options.book.count(countId), revision);
      if ('refused' in before) return before;
      const change = { entryId: countId, revision: revision + 1, atMs: before.untilMs, why, set: null };
      return this.#tell(change, {}, person);
    });
  }

  see(wish: SeenWish & Beside, person: Person): Promise<Answer<PestSeenRecord>> {
    return this.#inTurn(async () => {
      const seenId = wish.seenId ?? this.#options.newId();
      const known = this.#options.book.seen(seenId);
      const facts = checkSeen(wish, this.#context(seenId));
      if (known !== undefined)
        return 'refused' in facts || known.value !== facts.value || known.seenAtMs !== facts.seenAtMs
          ? refuse('conflict', 'pest_known_otherwise')
          : known;
      if ('refused' in facts) return facts;
      return this.#keepSeen({ ...facts, seenId, revision: 1, state: 'standing' }, wish, person);
    });
  }

  correctSeen(
    seenId: string,
    { revision, why, wish }: Change & { readonly wish: SeenWish & Beside },
    person: Person,
  ): Promise<Answer<PestSeenRecord>> {
    return this.#inTurn(async () => {
      const before = this.#newest(this.#options.book.seen(seenId), revision);
      if ('refused' in before) return before;
      const facts = checkSeen(wish, this.#context(seenId));
      if ('refused' in facts) return facts;
      const next = { ...facts, seenId, revision: revision + 1, state: 'standing' as const, why };
      return this.#keepSeen(next, wish, person, before.photoSha256);
    });
  }

  withdrawSeen(seenId: string, { revision, why }: Change, person: Person): Promise<Answer<PestSeenRecord>> {
    return this.#inTurn(async () => {
      const before = this.#newest(this.#options.book.seen(seenId), revision);
      if ('refused' in before) return before;
      const { plot, pest, seenAtMs, unit, value, sampleSize, cropStage, photoSha256 } = before;
      const stage = cropStage === undefined ? {} : { cropStage };
      const facts = { plot, pest, seenAtMs, unit, value, sampleSize, ...stage };
      const next = { ...facts, seenId, revision: revision + 1, state: 'withdrawn' as const, why };
      return this.#keepSeen(next, {}, person, photoSha256);
    });
  }

  /** From when on heat counts; null: as the library has it. */
  setBiofix(
    { plot, pest, date }: { readonly plot: string; readonly pest: string; readonly date: string | null },
    { id, name }: Person,
  ): Promise<Answer<PestBiofixRecord>> {
    return this.#inTurn(async () => {
      const { book, journal, clock, farm, library, onKept } = this.#options;
      const problem = placeProblem({ plot, pest }, farm(), library);
      if (problem !== null) return { refused: problem, kind: 'wrong' };
      if (date !== null) {
        const day = dayOfText(date);
        if (day === null) return refuse('wrong', 'pest_time_unreadable', { time: date });
        if (day > localDay(this.#timeZone(), clock.nowMs()))
          return refuse('wrong', 'pest_time_future', { time: date });
      }
      const record: PestBiofixRecord = {
        ...{ kind: kinds.biofix, atMs: clock.nowMs(), plot, pest, date, by: name, recordedBy: id },
      };
      await journal.appendRecord(record);
      book.add(record);
      onKept();
      return record;
    });
  }

  /** As the diary says it. */
  #saidOf({ trapId, plot, pest, count, untilMs }: CountFacts): Record<string, FieldValue> {
    const { farm, library } = this.#options;
    const timeZone = this.#timeZone();
    const trap = farm().traps?.find(({ id }) => id === trapId)?.name ?? trapId;
    return {
      ...{ date: dateText(localDay(timeZone, untilMs)), startTime: timeText(timeZone, untilMs) },
      ...{ plot, trap: trapId, count },
      // Without the count, which has a field of its own: words would stay behind a correction.
      what: `${trap}: ${nameOf(library, pest)}`,
    };
  }

  /** What follows from the entry is recorded by `told`. */
  async #tell(
    change: Omit<Revision, 'madeOn'>,
    beside: Beside,
    person: Person,
  ): Promise<Answer<TrapCountRecord>> {
    const { book, clock, diary } = this.#options;
    if (!clock.isTrusted()) return refuse('conflict', 'pest_clock_untrusted');
    const { entryId } = change;
    const refused = await this.#write(
      { ...change, madeOn: diary.heads(entryId).slice(0, MOST_HEADS) },
      beside,
      person,
    );
    return refused ?? book.count(entryId) ?? refuse('unknown', 'pest_record_unknown');
  }

  async #keepSeen(
    facts: Omit<PestSeenRecord, 'kind' | 'atMs' | 'by' | 'recordedBy' | 'photoSha256'>,
    beside: Beside,
    person: Person,
    photoSha256: string | null = null,
  ): Promise<Answer<PestSeenRecord>> {
    const { clock, library } = this.#options;
    const record: PestSeenRecord = {
      ...{ kind: kinds.seen, atMs: clock.nowMs(), ...facts },
      ...{ by: person.name, recordedBy: person.id, photoSha256: beside.photo?.sha256 ?? photoSha256 },
    };
    const unit = UNITS[facts.unit] ?? facts.unit;
    const stage = facts.cropStage === undefined ? '' : `, ${stageName(library, facts.pest, facts.cropStage)}`;
    const words = `${nameOf(library, facts.pest)}: ${facts.value} ${unit}, n = ${facts.sampleSize}${stage}`;
    const told = { what: words, count: facts.value, atMs: facts.seenAtMs };
    return this.#keep(record, told, beside, person);
  }

  /** The diary first: after a power cut between the two it is sent again, and the diary knows its revision by its id. */
  async #keep(
    record: PestSeenRecord,
    told: { readonly what: string; readonly count: number; readonly atMs: number },
    beside: Beside,
    person: Person,
  ): Promise<Answer<PestSeenRecord>> {
    const { book, journal, clock, onKept } = this.#options;
    if (!clock.isTrusted()) return refuse('conflict', 'pest_clock_untrusted');
    const { seenId: entryId, revision, state, why, plot } = record;
    const timeZone = this.#timeZone();
    const set = {
      ...{ date: dateText(localDay(timeZone, told.atMs)), startTime: timeText(timeZone, told.atMs) },
      ...{ plot, what: told.what, count: told.count },
    };
    const madeOn = revision === 1 ? [] : [revisionId(entryId, revision - 1)];
    const change = { entryId, revision, madeOn, atMs: told.atMs, why };
    const refused = await this.#write({ ...change, set: state === 'withdrawn' ? null : set }, beside, person);
    if (refused !== undefined) return refused;
    await journal.appendRecord(record);
    book.add(record);
    onKept();
    return record;
  }

  /** A revision of the diary; the same one sent again is known. Undefined: it is there. */
  async #write(
    { entryId, revision, madeOn, atMs, why, set }: Revision,
    { photo, note }: Beside,
    person: Person,
  ): Promise<Answer<never> | undefined> {
    const noted = note === undefined || note.trim() === '' ? {} : { note: note.trim() };
    const [verdict] = await this.#options.diary.accept(
      [
        {
          ...{ revisionId: revisionId(entryId, revision), entryId, entryKind: 'observation', madeOn },
          // A revision that is sent again has to say the same.
          ...{ author: person.id, phoneAtMs: atMs, attach: photo ? [photo] : [], detach: [] },
          set: set === null ? {} : { ...set, doneBy: person.name, ...noted },
          ...(why === undefined ? {} : { why }),
          ...(set === null ? { withdrawn: true } : {}),
        },
      ],
      person,
    );
    const [problem] = verdict?.problems ?? [];
    if (verdict?.verdict !== 'refused' || problem === undefined) return undefined;
    return { refused: { key: problem.key, figures: { ...problem.figures } }, kind: 'wrong' };
  }

  #newest<R extends TrapCountRecord | PestSeenRecord>(newest: R | undefined, seen: number): Answer<R> {
    if (newest === undefined) return refuse('unknown', 'pest_record_unknown');
    if (newest.kind === kinds.count && newest.countedBy === 'device')
      return refuse('conflict', 'pest_count_of_device', { by: newest.by });
    return newest.revision === seen
      ? newest
      : refuse('conflict', 'pest_record_moved', { revision: newest.revision, by: newest.by });
  }

  /** But for what is said anew. */
  #context(but: string): CheckContext {
    const { book, farm, library, clock } = this.#options;
    return {
      ...{ farm: farm(), library, timeZone: this.#timeZone(), nowMs: clock.nowMs() },
      countsOf: (trap) => book.counts(trap).filter(({ countId }) => countId !== but),
    };
  }

  #local(atMs: number): string {
    const timeZone = this.#timeZone();
    return `${dateText(localDay(timeZone, atMs))}T${timeText(timeZone, atMs)}`;
  }

  #timeZone(): string {
    return conditionsSite(this.#options.farm()).timeZone;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }
}

/** '2026-11-23T07:00' as the diary has it. */
function sinceOf(text: string): Record<string, FieldValue> {
  const [sinceDate = '', sinceTime = ''] = text.split('T');
  return { sinceDate, sinceTime: sinceTime.slice(0, 5) };
}

function nameOf(library: PestLibrary, pest: string): string {
  const profile = library.get(pest);
  return profile === undefined ? pest : `${profile.name.vi} (${profile.latin})`;
}

function stageName(library: PestLibrary, pest: string, stage: string): string {
  const named = library.get(pest)?.thresholds.find(({ cropStage }) => cropStage?.en === stage);
  return named?.cropStage?.vi ?? stage;
}

/** The same for the same revision, so that one sent again is known again. */
function revisionId(entryId: string, revision: number): string {
  const hex = createHash('sha256').update(`${entryId}/${revision}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}
