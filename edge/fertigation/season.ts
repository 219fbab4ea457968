import type {
  DoseCalibrationRecord,
  DoseRecord,
  JournalRecord,
  RunRecord,
  TankFillRecord,
} from '@nongtin/broker/wire';
import type { Amounts } from './nutrients.ts';
import {
  type Booked,
  type Cupped,
  type LevelReading,
  rateFactor,
  ratioAt,
  type Stocktake,
  stocktakes,
} from './stocktaking.ts';
import { type SeenDose, strengthAt } from './strength.ts';

/** A mark on a barrel is read to half a percent of what it holds. */
const READING_FRACTION = 0.005;

/** Of one tank in one dose. */
interface DosedTank {
  readonly tank: string;
  /** As it was booked: seconds times the rate that was believed; of a dose that was cut off, the middle of what may have been given. */
  readonly bookedMillilitres: number;
  /** As the tank's level has it. */
  readonly millilitres: number;
  /** Of what its stock was meant to be, as EC has shown; 1 of acid, and where too little was seen. */
  readonly strength: number;
  /** Grams of each element in a litre, as they were stated when it was dosed. */
  readonly gramsPerLitre: Amounts;
}

export interface BookedDose {
  readonly startedAtMs: number;
  readonly isUpperBound: boolean;
  readonly zones: readonly Pick<DoseRecord['zones'][number], 'zone' | 'plot' | 'stage' | 'share'>[];
  readonly tanks: readonly DosedTank[];
}

interface Entry extends Pick<BookedDose, 'startedAtMs' | 'isUpperBound' | 'zones'> {
  readonly booked: readonly Booked[];
  readonly contents: readonly Amounts[];
  /** Of this dose among those of each of its tanks. */
  readonly places: readonly number[];
  readonly seenStrength: number | null;
}

/** The doses of one tank: their places in the books, and what was booked. */
interface OfTank {
  readonly entries: number[];
  readonly booked: Booked[];
}

/**
 * A farm's season as the journal tells it: doses, readings of tanks, cups and irrigation go in; what tanks have given, what their pumps
 * really give and how strong their stocks are come out. It knows nothing but the records, so a restart that reads them again
 * comes to the same.
 */
export class Season {
  readonly #isAcid: (tank: string) => boolean;
  readonly #entries: Entry[] = [];
  readonly #ofTank = new Map<string, OfTank>();
  readonly #levels: LevelReading[] = [];
  readonly #cups: Cupped[] = [];
  readonly #runs: Pick<RunRecord, 'zone' | 'startedAtMs' | 'measuredLitres'>[] = [];
  readonly #contents = new Map<string, Amounts>();
  /** By tank; forgotten when something is told of it. */
  readonly #takes = new Map<string, readonly Stocktake[]>();
  /** By tank, dose by dose; forgotten likewise. */
  readonly #seen = new Map<string, readonly SeenDose[]>();

  constructor(isAcid: (tank: string) => boolean) {
    this.#isAcid = isAcid;
  }

  /** Records in any order of kinds; of one kind as they were written. Kinds that tell nothing of it are passed over. */
  add(record: JournalRecord): void {
    switch (record.kind) {
      case 'dose':
        this.#dosed(record);
        break;
      case 'tank_fill':
        this.#read(record);
        break;
      case 'dose_calibration':
        this.#cupped(record);
        break;
      case 'run': {
        const { zone, startedAtMs, measuredLitres } = record;
        if (measuredLitres !== null) this.#runs.push({ zone, startedAtMs, measuredLitres });
        break;
      }
      default:
    }
  }

  /** Of one tank, the earliest first. */
  stocktakes(tank: string): readonly Stocktake[] {
    const known = this.#takes.get(tank);
    if (known !== undefined) return known;
    const of = <One extends { readonly tank: string }>(list: readonly One[]) =>
      list.filter((one) => one.tank === tank);
    const takes = stocktakes(of(this.#levels), this.#ofTank.get(tank)?.booked ?? [], of(this.#cups));
    this.#takes.set(tank, takes);
    return takes;
  }

  /** What its pump gives, or its injector draws, of what was measured with a cup at that moment. */
  rateFactor(tank: string, calibratedMs: number): number {
    return rateFactor(this.stocktakes(tank), tank, calibratedMs);
  }

  /** How strong the stock of a tank is now, of what was meant to be weighed into it. */
  strength(tank: string): number {
    return this.#isAcid(tank) ? 1 : strengthAt(this.#shown(tank), this.#shown(tank).length);
  }

  /** Doses that began at that moment or later, as they were written. */
  *doses(fromMs: number): Generator<BookedDose> {
    for (const { booked, contents, places, startedAtMs, isUpperBound, zones } of this.#entries) {
      if (startedAtMs < fromMs) continue;
      const tanks = booked.map(
        ({ tank, millilitres, atMs }, n): DosedTank => ({
          ...{ tank, bookedMillilitres: millilitres, gramsPerLitre: contents[n] ?? {} },
          millilitres: millilitres * ratioAt(this.stocktakes(tank), tank, atMs),
          strength: this.#isAcid(tank) ? 1 : strengthAt(this.#shown(tank), places[n] ?? 0),
        }),
      );
      yield { startedAtMs, isUpperBound, zones, tanks };
    }
  }

  /** That these zones were watered with since a moment, by their meters. */
  litres(zones: readonly string[], fromMs: number): number {
    return this.#runs
      .filter(({ zone, startedAtMs }) => startedAtMs >= fromMs && zones.includes(zone))
      .reduce((sum, { measuredLitres }) => sum + (measuredLitres ?? 0), 0);
  }

  #dosed({ startedAtMs, endedAtMs, zones, tanks, isUpperBound, learnt }: DoseRecord): void {
    const booked = tanks.map(
      ({ tank, millilitres: most, leastMillilitres: least = most, rateFactor = 1 }) => ({
        ...{ tank, atMs: endedAtMs, rateFactor },
        millilitres: (least + most) / 2,
      }),
    );
    const places: number[] = [];
    for (const one of booked) {
      const of = this.#ofTank.get(one.tank) ?? { entries: [], booked: [] };
      places.push(of.entries.length);
      of.entries.push(this.#entries.length);
      of.booked.push(one);
      this.#ofTank.set(one.tank, of);
      this.#takes.delete(one.tank);
    }
    this.#seen.clear();
    this.#entries.push({
      ...{ startedAtMs, isUpperBound, booked, places },
      zones: zones.map(({ zone, plot, stage, share }) => ({ zone, plot, stage, share })),
      contents: tanks.map(({ gramsPerLitre }) => this.#content(gramsPerLitre)),
      // What a restart has cut off has shown nothing: it repeats what the dose before had.
      seenStrength: isUpperBound ? null : learnt.strength,
    });
  }

  #read({ tank, atMs, litres, litresBefore, capacityLitres, underWayMillilitres }: TankFillRecord): void {
    this.#levels.push({
      ...{ tank, atMs, afterMillilitres: litres * 1000, underWayMillilitres: underWayMillilitres ?? 0 },
      beforeMillilitres: litresBefore === undefined ? null : litresBefore * 1000,
      errorMillilitres: READING_FRACTION * (capacityLitres ?? litres) * 1000,
    });
    this.#takes.delete(tank);
    this.#seen.clear();
  }

  #cupped({ tank, atMs, runs }: DoseCalibrationRecord): void {
    const millilitres = runs.reduce((sum, run) => sum + run.millilitres, 0);
    this.#cups.push({ tank, atMs, millilitres });
    this.#takes.delete(tank);
    this.#seen.clear();
  }

  /** What the doses of a tank have shown, by what has left all of their tanks but acid. */
  #shown(tank: string): readonly SeenDose[] {
    const known = this.#seen.get(tank);
    if (known !== undefined) return known;
    const shown = (this.#ofTank.get(tank)?.entries ?? []).map((index): SeenDose => {
      const { booked = [], seenStrength = null } = this.#entries[index] ?? {};
      const fertilizer = booked.filter((one) => !this.#isAcid(one.tank));
      const sum = (of: (one: Booked) => number) => fertilizer.reduce((all, one) => all + of(one), 0);
      const all = sum(({ millilitres }) => millilitres);
      const real = sum((one) => one.millilitres * ratioAt(this.stocktakes(one.tank), one.tank, one.atMs));
      return { strength: seenStrength, ratio: all > 0 ? real / all : 1 };
    });
    this.#seen.set(tank, shown);
    return shown;
  }

  /** A farm has a few stocks, and thousands of doses of them. */
  #content(gramsPerLitre: Readonly<Record<string, number>>): Amounts {
    const key = JSON.stringify(gramsPerLitre);
    const known = this.#contents.get(key) ?? (gramsPerLitre as Amounts);
    this.#contents.set(key, known);
    return known;
  }
}
