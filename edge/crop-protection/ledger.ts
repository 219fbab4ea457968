import type {
  DiaryEntry,
  HarvestOverride,
  HarvestRecord,
  JournalRecord,
  ProductListRecord,
  Reason,
  SprayRecord,
} from '@nongtin/broker/wire';
import { SOFTWARE_BEGAN_MS } from '../clock/trust.ts';
import type { Farm } from '../farm/layout.ts';
import type { WeatherHour } from '../farm-weather/farm-weather.ts';
import { conditionsSite } from '../irrigation/planning/programmed.ts';
import { type Answer, type Person, refuse } from './answer.ts';
import { wantsWord } from './check-spray.ts';
import { saysTheSame, sprayingOf } from './from-diary.ts';
import {
  bringsForward,
  dateAt,
  earliestHarvest,
  type HarvestBar,
  harvestBars,
  type NoEntry,
  newestRevisions,
  noEntries,
  placesOf,
} from './intervals.ts';
import { ProductLists, type SeenPreview } from './product-lists.ts';
import { isSentAgain, type ReadSpray, readSpray, type SprayWish } from './read-spray.ts';
import { type Alarms, KEPT_MS, overrideOf, ToldHarvests } from './told-harvests.ts';

type RecordOf<K extends JournalRecord['kind']> = Extract<JournalRecord, { kind: K }>;

interface CropProtectionOptions {
  readonly journal: {
    appendRecord(record: JournalRecord): Promise<number>;
    /** Newest first. */
    records<K extends 'product_list' | 'spray' | 'harvest'>(
      kind: K,
      limit: number,
    ): Promise<readonly RecordOf<K>[]>;
  };
  readonly farm: () => Farm;
  readonly clock: { nowMs(): number; isTrusted(): boolean };
  readonly alarms: Alarms;
  /** Hours of the farm's own weather that began in [fromMs, toMs), UTC. */
  readonly weatherHours: (fromMs: number, toMs: number) => readonly WeatherHour[];
  readonly newId: () => string;
  /** What people see of it has changed. */
  readonly onChanged: () => void;
}

export interface SprayCheck {
  readonly problems: readonly Reason[];
  readonly warnings: readonly Reason[];
  readonly needsWord: boolean;
  /** Of the plot, with this spray. */
  readonly earliestHarvest: HarvestBar | null;
  readonly noEntry: NoEntry | null;
}

/** A large farm's year. */
const MOST_SPRAYS = 10_000;
const MOST_HARVESTS = 2_000;
const NOT_LATER = 'spray_change_opens_harvest';
/** What the diary has looked at itself, or asks nobody. */
const AT_THE_DIARYS_DOOR: ReadonlySet<string> = new Set(['spray_in_future', 'spray_area_missing']);

/**
 * What was sprayed where, which harvests that bars, and where nobody should go in. Each spraying is a record of the journal,
 * each correction the next one. One thing is done after the other: a harvest is let through by all that was told before it.
 */
export class CropProtection {
  readonly #options: CropProtectionOptions;
  readonly #lists: ProductLists;
  /** All revisions, by spray, the oldest first. */
  readonly #sprays = new Map<string, SprayRecord[]>();
  readonly #harvests: ToldHarvests;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: CropProtectionOptions) {
    this.#options = options;
    const { journal, clock, alarms } = options;
    this.#harvests = new ToldHarvests(alarms);
    this.#lists = new ProductLists({ journal, clock, today: () => this.#today() });
  }

  async start(): Promise<void> {
    const { journal } = this.#options;
    await this.#lists.start();
    const records = await journal.records('spray', MOST_SPRAYS);
    const sinceMs = this.#options.clock.nowMs() - KEPT_MS;
    const recent = records.filter(({ endedAtMs }) => endedAtMs > sinceMs || endedAtMs < SOFTWARE_BEGAN_MS);
    // With all that was said of it: a revision may have moved it to another year.
    const kept = new Set(recent.map(({ sprayId }) => sprayId));
    for (const spray of records.toReversed()) if (kept.has(spray.sprayId)) this.#take(spray);
    for (const harvest of await journal.records('harvest', MOST_HARVESTS)) this.#harvests.take(harvest);
    this.#alarm();
  }

  /** The list in force, or an earlier version; undefined when there is none. */
  list(version?: number): ProductListRecord | undefined {
    return this.#lists.of(version);
  }

  /** The newest revision of each spray, withdrawn ones too; the latest spraying first. */
  sprays(plot?: string): readonly SprayRecord[] {
    return newestRevisions(this.#revisions())
      .filter((spray) => plot === undefined || spray.plot === plot)
      .sort((a, b) => b.endedAtMs - a.endedAtMs || (a.sprayId < b.sprayId ? -1 : 1));
  }

  /** All that was ever said of one, the oldest first. */
  revisions(sprayId: string): readonly SprayRecord[] {
    return this.#sprays.get(sprayId) ?? [];
  }

  /** How each plot stands. While the clock is not trusted no interval is held for over. */
  plots() {
    const { nowMs, isTrusted, timeZone } = this.#now();
    const today = dateAt(timeZone, nowMs);
    const sprays = this.#revisions();
    const entries = noEntries(sprays, this.#lists.products, { nowMs, timeZone });
    return {
      ...{ today, timeZone, isClockTrusted: isTrusted, listVersion: this.#lists.version },
      plots: this.#options.farm().plots.map(({ id, name, crop, areaHectares }) => ({
        ...{ plot: id, name, crop, areaHectares },
        earliestHarvest: earliestHarvest(sprays, this.#lists.products, id, this.#today()),
        noEntry: entries.filter(({ plot }) => plot === id),
      })),
    };
  }

  /** What a file would become, and what is wrong with it. Nothing is kept. */
  preview(bytes: Uint8Array) {
    return this.#lists.preview(bytes);
  }

  /** Takes a file that was previewed, or says why not. */
  accept(bytes: Uint8Array, seen: SeenPreview, person: Person): Promise<Answer<ProductListRecord>> {
    return this.#inTurn(async () => {
      const accepted = await this.#lists.accept(bytes, seen, person.id);
      if (!('refused' in accepted)) this.#changed();
      return accepted;
    });
  }

  /** What would be said of a spraying; nothing is kept. Null: there is no such plot. */
  check(wish: SprayWish): SprayCheck | null {
    const found = this.#read(wish, wish.sprayId ?? '');
    if (found === null) return null;
    const { problems, warnings, record } = found;
    const withIt = [...this.#revisions(), { ...record, revision: Number.MAX_SAFE_INTEGER }];
    const isWhole = problems.length === 0;
    const entries = isWhole ? noEntries(withIt, this.#lists.products, this.#now()) : [];
    return {
      ...{ problems, warnings, needsWord: warnings.some(wantsWord) },
      earliestHarvest: isWhole
        ? earliestHarvest(withIt, this.#lists.products, wish.plot, this.#today())
        : null,
      noEntry: entries.find(({ sprayId }) => sprayId === record.sprayId) ?? null,
    };
  }

  /** Resolves when it is durable. The same spray sent again with the same words is the one that is there. */
  record(wish: SprayWish, person: Person): Promise<Answer<SprayRecord>> {
    return this.#inTurn(async () => {
      const sprayId = wish.sprayId ?? this.#options.newId();
      const [first] = this.revisions(sprayId);
      if (first !== undefined) {
        const again = this.#read(wish, sprayId)?.record;
        return again && isSentAgain(first, again) ? first : refuse('conflict', 'spray_known_otherwise');
      }
      const found = this.#readWhole(wish, sprayId);
      return 'refused' in found ? found : this.#keep({ ...found, ...by(person) });
    });
  }

  /** Says a spray anew. `revision`: the one that the person has seen. */
  correct(
    sprayId: string,
    { revision, why, wish }: { readonly revision: number; readonly why: string; readonly wish: SprayWish },
    person: Person,
  ): Promise<Answer<SprayRecord>> {
    return this.#inTurn(async () => {
      const before = this.#newest(sprayId, revision);
      if ('refused' in before) return before;
      const found = this.#readWhole(wish, sprayId);
      if ('refused' in found) return found;
      return this.#revise({ ...found, revision: revision + 1, why, ...by(person) }, person);
    });
  }

  /** It was not sprayed, or is told elsewhere. Its record stays. */
  withdraw(
    sprayId: string,
    { revision, why }: { readonly revision: number; readonly why: string },
    person: Person,
  ): Promise<Answer<SprayRecord>> {
    return this.#inTurn(async () => {
      const before = this.#newest(sprayId, revision);
      if ('refused' in before) return before;
      const { nowMs: atMs, isTrusted: isClockTrusted } = this.#now();
      const state = 'withdrawn' as const;
      return this.#revise(
        { ...before, revision: revision + 1, state, why, atMs, isClockTrusted, ...by(person) },
        person,
      );
    });
  }

  /**
   * A spraying as the diary has it now. What was done was done, so it is never refused: what is odd stands with it. As elsewhere
   * a member's correction opens nothing: then the guard keeps to what was told before, until somebody who answers for the farm
   * gives the word. Resolves with whether the guard agrees with the diary.
   */
  tell(entry: DiaryEntry, person: Person, why?: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const found = this.#fromDiary(entry);
      const before = this.revisions(entry.entryId).at(-1);
      if (found === null) return false;
      if (before === undefined ? found.state === 'withdrawn' : saysTheSame(before, found)) return true;
      const revision = (before?.revision ?? 0) + 1;
      const next = { ...found, revision, ...(why === undefined ? {} : { why }), ...by(person) };
      if (before !== undefined && person.role === 'member' && this.#opens(next)) return false;
      await this.#keep(next);
      return true;
    });
  }

  /** What there is to say beside a spraying in the diary: what is odd about it, and what it bars. */
  warnings(entry: DiaryEntry): readonly Reason[] {
    const known = this.revisions(entry.entryId).at(-1);
    const found = known === undefined ? null : this.#fromDiary(entry);
    if (known === undefined || found === null) return [];
    const bar = earliestHarvest([known], this.#lists.products, known.plot, this.#today());
    return [
      ...(saysTheSame(known, found) ? [] : [{ key: NOT_LATER, figures: {} }]),
      ...(known.state === 'standing' ? known.warnings : []),
      ...(bar === null ? [] : [bar.reason]),
    ];
  }

  /** A harvest was told anew that needs no leave. */
  corrected(harvest: HarvestRecord): void {
    this.#harvests.take(harvest);
    this.#changed();
  }

  /** What would keep a harvest out; nothing is kept. */
  bars(harvest: { readonly plot: string; readonly atMs: number }): readonly HarvestBar[] {
    return harvestBars(this.#revisions(), this.#lists.products, harvest, this.#now());
  }

  /**
   * The door between a harvest and the journal: `keep` is called only when no interval bars it, or a manager's word stands
   * with it, and nothing is sprayed in between. Gives what bars it otherwise, the latest first.
   */
  admit(
    harvest: { readonly plot: string; readonly atMs: number },
    word: { readonly person: Person; readonly reason: string } | undefined,
    keep: (override: HarvestOverride | undefined) => Promise<HarvestRecord>,
  ): Promise<readonly HarvestBar[]> {
    return this.#inTurn(async () => {
      const bars = harvestBars(this.#revisions(), this.#lists.products, harvest, this.#now());
      const isManagers = word?.person.role === 'manager' && word.reason.trim() !== '';
      // No word makes a day that cannot be.
      if (bars.length > 0 && (!isManagers || bars.some(({ sprayId }) => sprayId === ''))) return bars;
      const override = bars.length === 0 || word === undefined ? undefined : overrideOf(bars, word);
      const record = await keep(override);
      this.#harvests.take(record);
      this.#changed();
      return [];
    });
  }

  #read(wish: SprayWish, sprayId: string): ReadSpray | null {
    const { farm, weatherHours } = this.#options;
    const plot = farm().plots.find(({ id }) => id === wish.plot);
    if (plot === undefined) return null;
    return readSpray(wish, sprayId, {
      ...{
        ...this.#now(),
        plot,
        farm: farm(),
        weatherHours,
        sprays: this.#revisions(),
        version: this.#lists.version,
      },
      list: (version: number) => this.list(version)?.products,
      targetMarkets: farm().targetMarkets ?? [],
    });
  }

  /** Null: it names no plot that there is. */
  #fromDiary(entry: DiaryEntry): SprayRecord | null {
    const { farm } = this.#options;
    const plot = farm().plots.find(({ id }) => id === entry.fields.plot?.value);
    if (plot === undefined) return null;
    const { version, products } = this.#lists;
    const { wish, hasEnd } = sprayingOf(entry, plot, { version, products });
    const found = this.#read(wish, entry.entryId);
    if (found === null) return null;
    const odd = found.problems.filter(({ key }) => !AT_THE_DIARYS_DOOR.has(key));
    const open = hasEnd ? [] : [{ key: 'spray_end_untold', figures: {} }];
    const warnings = [...odd, ...found.warnings, ...open];
    const state = entry.withdrawn ? 'withdrawn' : 'standing';
    return { ...found.record, state, warnings, isFromDiary: true };
  }

  /** A record that lacks only who says it. */
  #readWhole(wish: SprayWish, sprayId: string): Answer<SprayRecord> {
    const found = this.#read(wish, sprayId);
    if (found === null) return refuse('wrong', 'spray_plot_unknown', { plot: wish.plot });
    const [problem] = found.problems;
    if (problem !== undefined) return { refused: problem, kind: 'wrong' };
    const odd = found.warnings.find(wantsWord);
    const hasWord = (wish.nevertheless ?? '').trim() !== '';
    if (odd !== undefined && !hasWord)
      return refuse('conflict', 'spray_needs_word', { warnings: found.warnings.filter(wantsWord).length });
    return found.record;
  }

  #newest(sprayId: string, seen: number): Answer<SprayRecord> {
    const newest = this.revisions(sprayId).at(-1);
    if (newest === undefined) return refuse('unknown', 'spray_unknown');
    if (newest.isFromDiary === true) return refuse('conflict', 'spray_is_in_diary');
    if (newest.revision !== seen)
      return refuse('conflict', 'spray_has_moved', { revision: newest.revision, by: newest.recordedByName });
    return newest;
  }

  /** What brings a harvest forward is said by one who answers for the farm. */
  async #revise(next: SprayRecord, person: Person): Promise<Answer<SprayRecord>> {
    if (person.role === 'member' && this.#opens(next)) return refuse('conflict', NOT_LATER);
    return this.#keep(next);
  }

  /** Whether a harvest could be earlier by it, or one that broke an interval would no more have done so. */
  #opens(next: SprayRecord): boolean {
    const { timeZone } = this.#now();
    const [before, products] = [this.#revisions(), this.#lists.products];
    const after = [...before, next];
    const broken = (sprays: readonly SprayRecord[]) =>
      this.#harvests.broken({ sprays, products, timeZone }).length;
    const plots = [...this.revisions(next.sprayId), next].flatMap(placesOf);
    return (
      bringsForward({ before, after, products, plots, today: this.#today() }) ||
      broken(after) < broken(before)
    );
  }

  async #keep(record: SprayRecord): Promise<SprayRecord> {
    await this.#options.journal.appendRecord(record);
    this.#take(record);
    this.#changed();
    return record;
  }

  #take(record: SprayRecord): void {
    const known = this.#sprays.get(record.sprayId) ?? [];
    this.#sprays.set(
      record.sprayId,
      [...known, record].sort((a, b) => a.revision - b.revision),
    );
  }

  #changed(): void {
    this.#alarm();
    this.#options.onChanged();
  }

  #alarm(): void {
    const { products } = this.#lists;
    this.#harvests.alarm({ sprays: this.#revisions(), products, ...this.#now() });
  }

  #revisions(): SprayRecord[] {
    return [...this.#sprays.values()].flat();
  }

  /** Null: nobody is sure what day it is. */
  #today(): string | null {
    const { nowMs, isTrusted, timeZone } = this.#now();
    return isTrusted ? dateAt(timeZone, nowMs) : null;
  }

  #now() {
    const { clock, farm } = this.#options;
    return { nowMs: clock.nowMs(), isTrusted: clock.isTrusted(), timeZone: conditionsSite(farm()).timeZone };
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }
}

const by = ({ id, name }: Person) => ({ recordedBy: id, recordedByName: name });
