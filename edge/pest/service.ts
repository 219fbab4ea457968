import type {
  AlarmRecord,
  PestPressureRecord,
  Reason,
  SprayRecord,
  TrapCountRecord,
} from '@nongtin/broker/wire';
import { observedAtMs, quality, type Reading } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import { namesMeet } from '../crop-protection/names.ts';
import type { Farm } from '../farm/layout.ts';
import type { WeatherHour } from '../farm-weather/farm-weather.ts';
import { conditionsSite } from '../irrigation/planning/programmed.ts';
import { DAY_MS, dateText, dayOfText, localDay, momentOf } from '../irrigation/programs/calendar.ts';
import { reasonOf } from '../irrigation/reason.ts';
import { type Assessment, assess, type Known } from './assess.ts';
import { kinds, PestBook, type PestJournal, readBack } from './book.ts';
import { type Catch, type LocalDays, perTrapAndDay, type TrapDay, trapDays } from './catches.ts';
import { KEPT_MS } from './check.ts';
import { afterWord, type Counted, type Counter, counterFrom } from './counter.ts';
import type { Extremes } from './degree-days.ts';
import { type PestLibrary, pestsOfCrop } from './library.ts';
import type { NeighbourCatch } from './neighbour-risk.ts';
import { PestNotes, type PestNotesOptions } from './notes.ts';
import type { PestProfile } from './profile.ts';
import type { Trap } from './trap-schema.ts';
import { heatDays } from './weather-days.ts';

interface PestWatchOptions extends Omit<PestNotesOptions, 'book' | 'journal' | 'onKept'> {
  readonly journal: PestJournal;
  readonly alarms: {
    raise(source: string, severity: AlarmRecord['severity'], reason: Reason): void;
    clear(source: string, key: string): void;
  };
  /** Hours of the farm's own weather of the last days that began in [fromMs, toMs), UTC. */
  readonly weatherHours: (fromMs: number, toMs: number) => readonly WeatherHour[];
  /** False in a time-lapse, whose weather of earlier starts is of another calendar. */
  readonly hasPast: boolean;
  /** Of a time-lapse, in which leaves are wet by the hours of the simulated days; absent: the clock is the calendar. */
  readonly calendar?: {
    readonly nowMs: () => number;
    /** Hours that began in [fromMs, toMs) of the calendar. */
    readonly hours: (fromMs: number, toMs: number) => readonly WeatherHour[];
  };
  readonly sprays: (plot: string) => readonly SprayRecord[];
  /** Traps of the cooperative's other farms; absent: nobody tells of them. */
  readonly neighbours?: (() => readonly NeighbourCatch[]) | undefined;
  /** What people see of it has changed. */
  readonly onChanged: () => void;
  readonly logger: Logger;
}

export interface PlotPests {
  readonly plot: string;
  readonly name: string;
  readonly crop: string;
  readonly pests: readonly (Assessment & {
    readonly profile: PestProfile;
    readonly neighbours: readonly NeighbourCatch[];
  })[];
}

type TrapReading = Pick<Reading, 'device' | 'channel' | 'metric' | 'value' | 'quality' | 'timeNs'>;

const HOUR_MS = 3_600_000;
/** What wet periods are looked for in. */
const WET_DAYS = 7;
/** A farm's pressure is a mean of so many days. */
const PRESSURE_DAYS = 7;
/** What a neighbour said longer ago says nothing of today. */
const NEIGHBOURS_DAYS = 14;
const ACT = 'pest_act';
/** A counter that counts on is none the worse for these, some of which have the time of reception; of what else is doubted nothing is counted. */
const COUNTS_ON =
  quality.late |
  quality.counterReset |
  quality.lowBattery |
  quality.deviceTimeRepeated |
  quality.possibleDuplicate |
  quality.deviceTimeInvalid |
  quality.fromFuture;

/**
 * Pests of the farm: what traps catch, by devices and by people, the heat since their biofix, wet leaves, and what to do about it in each
 * plot, with the reason. Counts, scoutings and hours of weather are journal records, so a restart comes to the same; what a device
 * counts of the day under way it says again by its counter.
 */
export class PestWatch {
  readonly #options: PestWatchOptions;
  readonly #book = new PestBook();
  /** What people say: counts, scoutings, biofixes. */
  readonly notes: PestNotes;
  readonly #counters = new Map<string, Counter>();
  /** Extremes of days that are over, by local day. */
  readonly #heat = new Map<number, Extremes>();
  /** The last date of which each pest's pressure was told. */
  readonly #told = new Map<string, string>();
  /** Sources of alarms: a plot that is gone has none any more. */
  readonly #judged = new Set<string>();
  #assessed: readonly PlotPests[] = [];
  #assessedHour = '';
  #shown = '';
  #isStarted = false;

  constructor(options: PestWatchOptions) {
    this.#options = options;
    const { journal, farm, library, clock, newId, diary } = options;
    const kept = () => this.changed();
    this.notes = new PestNotes({
      journal,
      farm,
      library,
      clock,
      newId,
      diary,
      book: this.#book,
      onKept: kept,
    });
  }

  async start(): Promise<void> {
    const { journal, clock, hasPast, library } = this.#options;
    const fromMs = clock.nowMs() - KEPT_MS;
    for (const kind of [kinds.count, kinds.seen, kinds.biofix] as const)
      for (const record of await readBack(journal, kind, fromMs)) this.#book.add(record);
    for (const { pest, date } of await journal.newest(kinds.pressure, 'pest')) this.#told.set(pest, date);
    const needsHeat = [...library.values()].some(({ development }) => development !== null);
    if (hasPast && needsHeat) this.#warm(await readBack(journal, kinds.hour, fromMs));
    this.#isStarted = true;
    this.changed();
  }

  /** Something it judges by has changed: the layout, a count, what neighbours tell. */
  changed(): void {
    this.#assessedHour = '';
    this.look();
  }

  onReadings(readings: readonly TrapReading[]): void {
    const traps = this.#farm().traps ?? [];
    if (traps.length === 0 || !this.#options.clock.isTrusted()) return;
    for (const reading of readings) {
      if (reading.metric !== 'trap_count' || (reading.quality & ~COUNTS_ON) !== 0) continue;
      const trap = traps.find(
        ({ device, channel }) =>
          device === reading.device && (channel === undefined || channel === reading.channel),
      );
      if (trap !== undefined) this.#count(trap, { atMs: observedAtMs(reading), total: reading.value });
    }
  }

  /** Time has passed. Cheap but when an hour is over. */
  look(): void {
    const { clock, onChanged } = this.#options;
    const hour = [clock.nowMs(), this.#calendar().nowMs()].map((ms) => Math.floor(ms / HOUR_MS)).join('/');
    // Before it has read the journal it knows of no count, which is not a count of none.
    if (hour === this.#assessedHour || !this.#isStarted) return;
    this.#assessedHour = hour;
    this.#book.forget(clock.nowMs() - KEPT_MS);
    this.#assessed = this.#assessAll();
    if (clock.isTrusted()) {
      this.#alarm();
      this.#tellPressure();
    }
    const shown = JSON.stringify(this.#assessed, (key, value: unknown) =>
      key === 'profile' ? undefined : value,
    );
    if (shown === this.#shown) return;
    this.#shown = shown;
    onChanged();
  }

  /** Each plot with its pests, the gravest first. */
  plots() {
    this.look();
    const { clock } = this.#options;
    const { timeZone, today } = this.#now();
    const date = dateText(today);
    return { today: date, timeZone, isClockTrusted: clock.isTrusted(), plots: this.#assessed };
  }

  library(): PestLibrary {
    return this.#options.library;
  }

  /** Traps with what they caught in so many days up to today. */
  traps(days: number) {
    const { today, timeZone } = this.#now();
    return {
      ...{ today, timeZone },
      traps: (this.#farm().traps ?? []).map((trap) => {
        const last = this.#book.counts(trap.id).find(({ state }) => state === 'standing') ?? null;
        const profile = this.#options.library.get(trap.pest);
        const windowDays = profile?.windowDays ?? 7;
        const checkEveryDays = trap.checkEveryDays ?? windowDays;
        const lastDay = last === null ? null : this.#days().dayOf(last.untilMs);
        const nextCheckDay = lastDay === null ? today : lastDay + checkEveryDays;
        return {
          ...{ trap, profile, last, checkEveryDays },
          nextCheckDay,
          days: this.#trapDays(trap, today - days + 1, today),
        };
      }),
    };
  }

  #count(trap: Trap, word: { readonly atMs: number; readonly total: number }): void {
    const before = this.#counters.get(trap.id) ?? this.#lastStanding(trap);
    if (before === null) {
      this.#counters.set(trap.id, counterFrom(word));
      return;
    }
    const { counter, told } = afterWord(before, word, (atMs) => this.#days().dayOf(atMs));
    this.#counters.set(trap.id, counter);
    for (const counted of told) this.#journal(trap, counted);
  }

  /** From where a restart goes on. */
  #lastStanding({ id, device = '' }: Trap): Counter | null {
    const last = this.#book.counts(id).find((one) => one.by === device && one.counter !== undefined);
    return last?.counter === undefined ? null : counterFrom({ atMs: last.untilMs, total: last.counter });
  }

  #journal(trap: Trap, { fromMs, untilMs, count, counter }: Counted): void {
    const { journal, clock, logger } = this.#options;
    const overlaps = (one: TrapCountRecord) =>
      one.state === 'standing' && one.fromMs < untilMs && one.untilMs > fromMs;
    // What a person has counted stands.
    if (this.#book.counts(trap.id).some(overlaps)) return;
    const record: TrapCountRecord = {
      ...{ kind: kinds.count, countId: `${trap.id}/${fromMs}`, revision: 1, state: 'standing' },
      ...{ atMs: clock.nowMs(), trapId: trap.id, plot: trap.plot, pest: trap.pest },
      ...{ count: Math.round(count), fromMs, untilMs, countedBy: 'device', by: trap.device ?? '' },
      ...{ photoSha256: null, counter },
    };
    this.#book.add(record);
    journal
      .appendRecord(record)
      .catch((error: unknown) => logger.error({ err: error }, 'a trap’s count is not in the journal'));
    // At midnight all traps say so; they are judged once, when time is looked at next.
    this.#assessedHour = '';
  }

  #assessAll(): PlotPests[] {
    const { library, weatherHours } = this.#options;
    const { nowMs, today } = this.#now();
    const hours = weatherHours(nowMs - WET_DAYS * DAY_MS, nowMs);
    this.#warm(hours);
    const heat = [...this.#heat].map(([day, extremes]) => ({ day, extremes }));
    const dayOf = this.#days().dayOf;
    const calendar = this.#calendar();
    const calendarMs = calendar.nowMs();
    const wet = {
      hours: calendar.hours(calendarMs - WET_DAYS * DAY_MS, calendarMs),
      today: dayOf(calendarMs),
    };
    const farm = this.#farm();
    return farm.plots.map((plot) => {
      const own = plot.pests?.flatMap((id) => library.get(id) ?? []) ?? pestsOfCrop(library, plot.crop);
      const trapped = (farm.traps ?? []).filter((trap) => trap.plot === plot.id);
      const found = trapped.flatMap(({ pest }) => library.get(pest) ?? []);
      const pests = [...new Set([...own, ...found])].map((profile) => {
        const neighbours = this.#neighbours(profile.id);
        const traps = trapped.filter(({ pest }) => pest === profile.id);
        const known: Known = {
          ...{ today, dayOf, heat, wet, neighbours },
          traps: traps.map((trap) => this.#trapDays(trap, today - KEPT_MS / DAY_MS, today)),
          seen: this.#book
            .sightings()
            .filter((one) => one.state === 'standing' && one.plot === plot.id && one.pest === profile.id),
          toldBiofix: dayOfText(this.#book.biofix(plot.id, profile.id) ?? ''),
          sprayedDay: this.#sprayedDay(plot.id, profile),
        };
        return { ...assess(profile, known), profile, neighbours: newestOfEach(neighbours) };
      });
      const order = { act: 0, look: 1, wait: 2 };
      return {
        ...{ plot: plot.id, name: plot.name, crop: plot.crop },
        pests: pests.sort((a, b) => order[a.advice] - order[b.advice]),
      };
    });
  }

  #trapDays({ id }: Trap, fromDay: number, toDay: number): TrapDay[] {
    const catches: Catch[] = this.#book
      .counts(id)
      .filter(({ state, fromMs, untilMs }) => state === 'standing' && fromMs < untilMs)
      .map(({ fromMs, untilMs, count }) => ({ trap: id, fromMs, toMs: untilMs, count }));
    const counter = this.#counters.get(id);
    if (counter !== undefined && counter.last.atMs > counter.fromMs)
      catches.push({ trap: id, fromMs: counter.fromMs, toMs: counter.last.atMs, count: counter.caught });
    return trapDays(catches, { fromDay, toDay }, this.#days());
  }

  #neighbours(pest: string): NeighbourCatch[] {
    const oldest = dateText(this.#now().today - NEIGHBOURS_DAYS);
    return (this.#options.neighbours?.() ?? []).filter((one) => one.pest === pest && one.date >= oldest);
  }

  #sprayedDay(plot: string, { name, latin, id }: PestProfile): number | null {
    const names = [name.vi, name.en, name.zh, latin, id];
    const sprays = this.#options
      .sprays(plot)
      .filter(({ state, pest }) => state === 'standing' && namesMeet([pest], names));
    return sprays.length === 0
      ? null
      : this.#days().dayOf(Math.max(...sprays.map(({ endedAtMs }) => endedAtMs)));
  }

  /** Days that are over, from hours of weather; one that is known stays as it is. */
  #warm(hours: readonly WeatherHour[]): void {
    const { today } = this.#now();
    for (const { day, extremes } of heatDays(hours, this.#days().dayOf))
      if (day < today && extremes !== null && !this.#heat.has(day)) this.#heat.set(day, extremes);
    for (const day of this.#heat.keys()) if (day < today - KEPT_MS / DAY_MS) this.#heat.delete(day);
  }

  #alarm(): void {
    const { alarms } = this.#options;
    const gone = new Set(this.#judged);
    this.#judged.clear();
    for (const { plot, name, pests } of this.#assessed)
      for (const { advice, profile } of pests) {
        const source = `${plot}/${profile.id}`;
        this.#judged.add(source);
        gone.delete(source);
        const pest = `${profile.name.vi} (${profile.latin})`;
        if (advice === 'act') alarms.raise(source, 'low', reasonOf(ACT, { pest, plot: name }));
        else alarms.clear(source, ACT);
      }
    for (const source of gone) alarms.clear(source, ACT);
  }

  /** Once a day and pest: the mean of the week that ended yesterday, for the cooperative's other farms. */
  #tellPressure(): void {
    const { journal, clock, logger } = this.#options;
    const { today } = this.#now();
    const farm = this.#farm();
    const date = dateText(today - 1);
    const place = farm.location && {
      latitude: twoDecimals(farm.location.latitudeDegrees),
      longitude: twoDecimals(farm.location.longitudeDegrees),
    };
    for (const pest of new Set((farm.traps ?? []).map((trap) => trap.pest))) {
      if ((this.#told.get(pest) ?? '') >= date) continue;
      const days = (farm.traps ?? [])
        .filter((trap) => trap.pest === pest)
        .map((trap) => this.#trapDays(trap, today - PRESSURE_DAYS, today - 1))
        .filter((its) => its.some(({ caught }) => caught !== null));
      const perTrapPerDay = perTrapAndDay(days);
      if (perTrapPerDay === null) continue;
      this.#told.set(pest, date);
      const record: PestPressureRecord = {
        ...{ kind: kinds.pressure, atMs: clock.nowMs(), date, pest },
        ...{ perTrapPerDay: Math.round(perTrapPerDay * 1_000) / 1_000, traps: days.length },
        trapDays: days.flat().filter(({ caught }) => caught !== null).length,
        ...place,
      };
      journal
        .appendRecord(record)
        .catch((error: unknown) => logger.error({ err: error }, 'a pest’s pressure is not in the journal'));
    }
  }

  #farm(): Farm {
    return this.#options.farm();
  }

  #days(): LocalDays {
    const { timeZone } = conditionsSite(this.#farm());
    return {
      dayOf: (atMs) => localDay(timeZone, atMs),
      startOf: (day) => momentOf(timeZone, day, 0),
    };
  }

  #calendar() {
    const { calendar, clock, weatherHours } = this.#options;
    return calendar ?? { nowMs: () => clock.nowMs(), hours: weatherHours };
  }

  #now() {
    const nowMs = this.#options.clock.nowMs();
    const { timeZone } = conditionsSite(this.#farm());
    return { nowMs, timeZone, today: localDay(timeZone, nowMs) };
  }
}

/** Of each farm its newest word, the nearest first. */
function newestOfEach(catches: readonly NeighbourCatch[]): NeighbourCatch[] {
  const newest = new Map<string, NeighbourCatch>();
  for (const one of catches) if ((newest.get(one.farm)?.date ?? '') < one.date) newest.set(one.farm, one);
  const far = ({ distanceKm }: NeighbourCatch) => distanceKm ?? Number.POSITIVE_INFINITY;
  return [...newest.values()].sort((a, b) => (far(a) < far(b) ? -1 : 1));
}

function twoDecimals(degrees: number): number {
  return Math.round(degrees * 100) / 100;
}
