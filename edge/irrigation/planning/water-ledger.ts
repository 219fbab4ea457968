import type { JournalRecord, Reason, RunRecord, WaterBalanceRecord } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { FarmWeather, WeatherHour } from '../../farm-weather/farm-weather.ts';
import {
  assimilate,
  disagreementOf,
  distrust,
  isBorneOut,
  isOfSoil,
  type ProbeReading,
  resetToProbe,
} from '../crop-water/assimilation.ts';
import { type DayReport, initialSoil, stepDay } from '../crop-water/balance.ts';
import { type Climate, climateOf } from '../crop-water/crop-curve.ts';
import { infiltratedMm, irrigationNeed, tooSalty } from '../crop-water/need.ts';
import { depletionFromProbe, type RootZone, rootZone } from '../crop-water/root-zone.ts';
import type { SoilState } from '../crop-water/state.ts';
import type { Site } from '../crop-water/types.ts';
import type { ZoneModel } from '../crop-water/zone-model.ts';
import { dateText, dayOfText, type LocalDay, localDay, momentOf } from '../programs/calendar.ts';
import type { Conditions } from '../programs/conditions.ts';
import { Et0SoFar, et0OfDay } from './day-et0.ts';
import { figuresOf } from './day-figures.ts';
import { Given, type GivenWater } from './given.ts';
import { Guard } from './guard.ts';
import { LOOK_BACK_MS, ProbeHours } from './probes.ts';
import { RecentEt0 } from './recent-et0.ts';
import { endedWith, type KeptSoil, KeptSoils, plantingOf } from './soils.ts';
import { rainOf, weatherDayOf } from './weather-day.ts';
import { reasonsOf, WeatherTrust } from './weather-trust.ts';

/** Where the farm is, and what time it is there (IANA name). */
export interface FarmSite extends Site {
  readonly timeZone: string;
}

interface LedgerOptions {
  readonly journal: {
    appendRecord(record: JournalRecord): Promise<number>;
    /** Newest first. */
    records(kind: 'water_balance', limit: number): Promise<readonly WaterBalanceRecord[]>;
  };
  readonly weather: Pick<FarmWeather, 'hours'>;
  /** By zone, those whose crop and soil are known. */
  readonly zones: () => ReadonlyMap<string, ZoneModel>;
  /** Null: nobody has said where the farm is; then nothing is reckoned. */
  readonly site: () => FarmSite | null;
  /** The farm's calendar, UTC ms. */
  readonly nowMs: () => number;
  readonly isClockTrusted: () => boolean;
  /** Called at each day's end with why the zone's probe is not believed, or null. */
  readonly onProbe: (zone: string, disagreement: Reason | null) => void;
  /** Called once a day with why sensors of the weather station are not believed. */
  readonly onWeather: (doubts: readonly Reason[]) => void;
  readonly logger: Logger;
}

interface Now {
  readonly model: ZoneModel;
  readonly kept: KeptSoil;
  readonly report: DayReport;
  readonly root: RootZone;
  readonly soil: SoilState;
  /** ET0 of a day that nobody measures, mm; null: nothing to go by. */
  readonly expectedMm: number | null;
}

/** Why a person's word for a probe cannot be taken: no day of the balance is over, or the probe knows nothing of now. */
type NotBelieved = 'no_day_yet' | 'probe_silent' | 'just_watered';

/** What a zone's soil is like now, for people; depths mm. */
export interface ZoneWaterView {
  readonly asOfMs: number;
  readonly depletionMm: number;
  readonly rawMm: number;
  readonly tawMm: number;
  readonly stage: string;
  readonly kc: number;
  /** So far today. */
  readonly et0Mm: number;
  /** Why the probe is not believed; null: it is, or there is none. */
  readonly disagreement: Reason | null;
  readonly isAssumed: boolean;
  /** The day that was closed last; null: none yet. */
  readonly lastDay: WaterBalanceRecord | null;
}

const DAY_MS = 86_400_000;
/** Ten days of a large farm, of each zone the newest. */
const MOST_DAYS = 2_000;
/** A week less the days that the farm's weather may have forgotten. */
const CLIMATE_DAYS = 6;

/**
 * The water balance of every zone, day by day: each day that is over is a record of the journal, and the day under way is
 * reckoned anew whenever somebody asks. A restart loses nothing but what probes have corrected today, which comes again.
 */
export class WaterLedger {
  readonly #options: LedgerOptions;
  readonly #guard: Guard;
  readonly #given = new Given();
  readonly #probes = new ProbeHours();
  readonly #soFar = new Et0SoFar();
  readonly #trust = new WeatherTrust();
  #judged: LocalDay | undefined;
  #climateOfDay: { readonly day: LocalDay; readonly climate: Climate | null } | undefined;
  readonly #disagreements = new Map<string, Reason>();
  readonly #soils = new KeptSoils();
  readonly #lastDays = new Map<string, WaterBalanceRecord>();
  readonly #et0 = new RecentEt0();

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#guard = new Guard(options.logger);
  }

  /** `runs`: of the last weeks, oldest first. */
  async start(runs: readonly RunRecord[]): Promise<void> {
    const records = await this.#options.journal.records('water_balance', MOST_DAYS);
    for (const record of records.toReversed()) this.#recall(record);
    for (const run of runs) this.#given.add(run, run.endedAtMs);
  }

  onRun(run: RunRecord): void {
    this.#given.add(run, this.#options.nowMs());
  }

  /** A reading of the zone's probe that is fit for control, m³/m³. */
  onSoilMoisture(zone: string, value: number): void {
    this.#probes.add(zone, value, this.#options.nowMs());
  }

  /** Another probe stands in the zone, or none: what the one before has said is no word of it. */
  forgetProbe(zone: string): void {
    this.#probes.forget(zone);
    this.#soils.forgetProbe(zone);
    this.#believe(zone, null);
  }

  /**
   * A person has looked, and the probe is right where the model is wrong: the soil is as the probe says, and what was thought of
   * it is forgotten. Journaled as the last day with another end; in force once that is durable. Says what it lacks, if it does.
   */
  async believeProbe(zone: string, by: string): Promise<'set' | NotBelieved> {
    const nowMs = this.#options.nowMs();
    const [now, last] = [this.#now(zone), this.#lastDays.get(zone)];
    if (now === null || last === undefined || dayOfText(last.date) !== now.kept.day) return 'no_day_yet';
    const soilMoisture = this.#probes.before(zone, nowMs);
    if (soilMoisture === undefined) return 'probe_silent';
    const { model, kept, report, soil } = now;
    if (netMm(this.#given.between(zone, nowMs - LOOK_BACK_MS, nowMs + 1), model) > 0) return 'just_watered';
    const reset = resetToProbe(soil, { soilMoisture, day: report }, model);
    const changeMm = reset.depletionMm - soil.depletionMm;
    const depletionMm = Math.max(0, kept.soil.depletionMm + changeMm);
    const said = { depletionMm, probe: null, isAssumed: false, isFromProbe: false, setBy: by };
    const record = { ...last, ...said, atMs: nowMs };
    await this.#options.journal.appendRecord(record);
    this.#recall(record);
    this.#believe(zone, null);
    return 'set';
  }

  /** Closes the days that are over; without a trusted clock nobody knows which. One zone's trouble stops no other one. */
  tick(): void {
    const site = this.#options.site();
    if (site === null || !this.#options.isClockTrusted()) return;
    const today = localDay(site.timeZone, this.#options.nowMs());
    this.#guard.run('weather', 'the weather could not be judged', () => this.#judge(today, site));
    for (const [zone, model] of this.#options.zones()) {
      this.#guard.run(zone, 'its water balance could not be reckoned', () => {
        let kept: KeptSoil | null = this.#seen(zone, model, today);
        while (kept !== null && kept.day < today - 1) kept = this.#closeDay(zone, model, kept, site);
      });
    }
  }

  /** Once a day. */
  #judge(today: LocalDay, site: FarmSite): void {
    if (this.#judged === today) return;
    this.#judged = today;
    this.#options.onWeather(reasonsOf(this.#doubts(today - 1, site)));
  }

  /** What programs decide by; null: the model cannot say. */
  depletion(id: string): Conditions['depletion'] {
    const now = this.#now(id);
    if (now === null) return null;
    const { model, report, soil, root } = now;
    const oneMm = irrigationNeed({ ...soil, depletionMm: 1 }, model, {
      ...{ waterEcDsPerM: model.waterEcDsPerM, fillTo: 1, flowLitresPerMinute: null },
    });
    return {
      asOfMs: this.#options.nowMs(),
      ...{ depletionMm: soil.depletionMm, rawMm: root.rawMm, tawMm: root.tawMm },
      etcMmPerDay: now.expectedMm === null ? null : now.expectedMm * report.kc,
      litresPerMm: oneMm.litres,
    };
  }

  /** Why a zone's water does its crop no good; null: it does. */
  tooSalty(id: string): Reason | null {
    const model = this.#options.zones().get(id);
    return model === undefined ? null : tooSalty(model, model.waterEcDsPerM);
  }

  /** Why a zone's probe is not believed; null: it is, or there is none. */
  probeDoubt(id: string): Reason | null {
    return this.#disagreements.get(id) ?? null;
  }

  /** Mean of what was found in the last days; null: nothing was. */
  et0MmPerDay(): number | null {
    const site = this.#options.site();
    return site === null ? null : this.#et0.meanBefore(localDay(site.timeZone, this.#options.nowMs()));
  }

  view(id: string): ZoneWaterView | null {
    const now = this.#now(id);
    if (now === null) return null;
    const { report, soil, root, kept } = now;
    return {
      asOfMs: this.#options.nowMs(),
      ...{ depletionMm: soil.depletionMm, rawMm: root.rawMm, tawMm: root.tawMm },
      ...{ stage: report.stage, kc: report.kc, et0Mm: report.et0Mm },
      ...{ disagreement: this.probeDoubt(id), isAssumed: kept.isAssumed },
      lastDay: this.#lastDays.get(id) ?? null,
    };
  }

  /** The soil of a zone at this moment: the end of yesterday, and what has come and gone since. */
  #now(id: string): Now | null {
    const site = this.#options.site();
    const model = this.#options.zones().get(id);
    if (site === null || model === undefined) return null;
    const nowMs = this.#options.nowMs();
    const today = localDay(site.timeZone, nowMs);
    const kept = this.#soilOf(id, model, today);
    const startMs = momentOf(site.timeZone, today, 0);
    const hours = this.#options.weather.hours(startMs, nowMs + 1);
    const { edition } = model.profile;
    const expectedMm = this.#et0Of(today, [], model, site)?.mm ?? null;
    const believed = this.#trust.believed(hours, this.#doubts(today - 1, site));
    const running = { startMs, nowMs, expectedMm, site, edition, timeZone: site.timeZone };
    const et0Mm = this.#soFar.mm(believed, running);
    const given = this.#given.between(id, startMs, nowMs + 1);
    const { state, report } = stepDay(
      kept.soil,
      {
        ...{ date: dateText(today), et0Mm, rainMm: rainOf(hours) ?? 0 },
        ...{ irrigationMm: netMm(given, model), climate: this.#climate(today, site) },
      },
      model,
    );
    // RAW of a whole day: p goes by the day's ETc, of which at dawn nothing has happened yet.
    const dayMm = expectedMm === null ? undefined : expectedMm * report.kc;
    const root = rootZone(model.profile, model.soil, state.rootDepthMetres, { ...model, etcMm: dayMm });
    return { model, kept, report, root, soil: state, expectedMm };
  }

  #soilOf(zone: string, model: ZoneModel, today: LocalDay): KeptSoil {
    return this.#soils.of(zone, model, { today, isTrusted: this.#options.isClockTrusted() });
  }

  /**
   * Of a zone that has just begun the probe knows more than an assumption: the day then began with as much as makes the soil now
   * what the probe says. Not while it still speaks of hours before a watering, nor what no such soil can be.
   */
  #seen(zone: string, model: ZoneModel, today: LocalDay): KeptSoil {
    const kept = this.#soilOf(zone, model, today);
    if (!kept.isAssumed || kept.day !== today - 1) return kept;
    const doubt = kept.soil.probe?.doubt ?? null;
    const nowMs = this.#options.nowMs();
    const soilMoisture = this.#probes.before(zone, nowMs);
    const lately = this.#given.between(zone, nowMs - LOOK_BACK_MS, nowMs + 1);
    const now = this.#now(zone);
    if (soilMoisture === undefined || now === null || netMm(lately, model) > 0) return kept;
    // One that hangs or leaps may well say what can be true.
    if (doubt !== null && doubt !== 'out_of_range') return kept;
    const { rootDepthMetres: depthMetres } = now.soil;
    const undrainedMm = rainOf(this.#options.weather.hours(nowMs - DAY_MS, nowMs + 1)) ?? 0;
    if (!isOfSoil(soilMoisture, model.soil, { undrainedMm, depthMetres }))
      return doubt === null ? this.#distrusted(zone, kept, { soilMoisture, day: now.report }) : kept;
    const seenMm = depletionFromProbe(soilMoisture, model.soil, depthMetres, model.rootedFraction);
    const depletionMm = kept.soil.depletionMm + Math.max(0, seenMm) - now.soil.depletionMm;
    const soil = initialSoil(model, dateText(today), depletionMm);
    const seen = { ...kept, soil, isAssumed: false, isFromProbe: true };
    this.#soils.keep(zone, seen);
    if (doubt !== null) this.#believe(zone, null);
    return seen;
  }

  #distrusted(zone: string, kept: KeptSoil, reading: ProbeReading): KeptSoil {
    const distrusted = { ...kept, soil: distrust(kept.soil, reading) };
    this.#soils.keep(zone, distrusted);
    this.#believe(zone, disagreementOf(distrusted.soil.probe));
    return distrusted;
  }

  #closeDay(id: string, model: ZoneModel, before: KeptSoil, site: FarmSite): KeptSoil | null {
    const day = before.day + 1;
    const date = dateText(day);
    const [startMs, endMs] = [momentOf(site.timeZone, day, 0), momentOf(site.timeZone, day + 1, 0)];
    const hours = this.#hoursOf(day, site);
    const doubts = this.#doubts(day, site);
    const et0 = this.#et0Of(day, this.#trust.believed(hours, doubts), model, site);
    if (et0 === null) {
      // Nothing to go by: what the soil is like then, nobody knows.
      this.#soils.forget(id);
      return null;
    }
    const given = this.#given.between(id, startMs, endMs);
    const rainMm = rainOf(hours);
    const inputs = { date, et0Mm: et0.mm, rainMm: rainMm ?? 0, irrigationMm: netMm(given, model) };
    const climate = this.#climate(day, site);
    const { state, report } = stepDay(before.soil, { ...inputs, climate }, model);
    const soilMoisture = this.#probes.before(id, endMs);
    const { state: corrected, disagreement } =
      soilMoisture === undefined
        ? { state, disagreement: this.#disagreements.get(id) ?? null }
        : assimilate(state, { soilMoisture, day: report }, model);
    this.#believe(id, disagreement);
    const isFollowing = isBorneOut(corrected.probe) && this.#probes.isMoving(id, endMs);
    const isDisbelieved = disagreement !== null;
    const end = endedWith(before, { soil: corrected, report, isDisbelieved, isFollowing });
    const kept = { day, ...end, planting: plantingOf(model) };
    this.#soils.keep(id, kept);
    this.#et0.add(day, et0.mm, et0.method);
    const { soil, isAssumed, isFromProbe, planting } = kept;
    const correctedMm = soil.depletionMm - state.depletionMm;
    this.#journal({
      ...{ kind: 'water_balance', atMs: endMs, zone: id, isAssumed, isFromProbe, ...planting },
      ...figuresOf({ report, soil, et0, doubts, given, rainMm, correctedMm }),
    });
    return kept;
  }

  #believe(zone: string, disagreement: Reason | null): void {
    this.#note(zone, disagreement);
    this.#options.onProbe(zone, disagreement);
  }

  #note(zone: string, disagreement: Reason | null): void {
    if (disagreement === null) this.#disagreements.delete(zone);
    else this.#disagreements.set(zone, disagreement);
  }

  /** The air of the days before; anew each day. */
  #climate(day: LocalDay, site: FarmSite): Climate | null {
    if (this.#climateOfDay?.day !== day) {
      const days = Array.from({ length: CLIMATE_DAYS }, (_, index) => day - CLIMATE_DAYS + index);
      const believed = (one: LocalDay) =>
        this.#trust.believed(this.#hoursOf(one, site), this.#doubts(one, site));
      const told = days.map((one) => weatherDayOf(dateText(one), believed(one), site));
      this.#climateOfDay = { day, climate: climateOf(told, site) };
    }
    return this.#climateOfDay.climate;
  }

  #et0Of(day: LocalDay, hours: readonly WeatherHour[], { profile }: ZoneModel, site: FarmSite) {
    const [recentMm, lastKnownMm] = [this.#et0.meanBefore(day), this.#et0.lastKnownMm()];
    return et0OfDay(dateText(day), hours, { site, edition: profile.edition, recentMm, lastKnownMm });
  }

  #doubts(day: LocalDay, site: FarmSite) {
    return this.#trust.doubts(day, (one) => this.#hoursOf(one, site), site);
  }

  #hoursOf(day: LocalDay, { timeZone }: FarmSite) {
    return this.#options.weather.hours(momentOf(timeZone, day, 0), momentOf(timeZone, day + 1, 0));
  }

  #journal(record: WaterBalanceRecord): void {
    const { journal, logger } = this.#options;
    this.#lastDays.set(record.zone, record);
    journal
      .appendRecord(record)
      .catch((error: unknown) =>
        logger.error({ err: error, zone: record.zone }, 'a day of its water balance is not in the journal'),
      );
  }

  #recall(record: WaterBalanceRecord): void {
    const { zone, date, depletionMm, rootDepthMetres, surfaceDepletionMm, wettedFraction, probe } = record;
    const { isAssumed, isFromProbe = false } = record;
    const day = dayOfText(date);
    if (day === null) return;
    const soil = { depletionMm, rootDepthMetres, surfaceDepletionMm, wettedFraction, probe };
    const { crop, plantedOn = null } = record;
    const planting = crop === undefined ? undefined : { crop, plantedOn };
    this.#soils.keep(zone, { day, soil, isAssumed, isFromProbe, planting });
    this.#lastDays.set(zone, record);
    this.#note(zone, disagreementOf(probe));
    this.#et0.add(day, record.et0Mm, record.et0Method);
  }
}

/** What reached the soil, mm over the whole area. */
function netMm({ measuredLitres, unprovenLitres }: GivenWater, model: ZoneModel): number {
  return infiltratedMm(measuredLitres + unprovenLitres, model);
}
