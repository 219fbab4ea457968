import {
  canonicalJson,
  type DoseAllowanceRecord,
  type DoseCalibrationRecord,
  type DoseRecord,
  type DoseStandingRecord,
  type JournalRecord,
  type TankFillRecord,
} from '@nongtin/broker/wire';
import { DAY_MS } from '../irrigation/programs/calendar.ts';
import { reasonOf } from '../irrigation/reason.ts';
import { worstOf } from './dosing/limits.ts';
import type { Given, HeadState } from './dosing/types.ts';
import { dosingPart, type Tank } from './schema.ts';
import { Season } from './season.ts';
import { readSeason, type SeasonJournal } from './season-journal.ts';
import type { Stocktake } from './stocktaking.ts';

type RecordOf<K extends JournalRecord['kind']> = Extract<JournalRecord, { kind: K }>;

export interface FertigationJournal extends SeasonJournal {
  appendRecord(record: JournalRecord): Promise<number>;
  /** Newest first. */
  records<K extends 'dose' | 'dose_allowance'>(kind: K, limit: number): Promise<readonly RecordOf<K>[]>;
  /** Of each tank, or of each head, the newest. */
  newest<K extends 'dose_calibration' | 'tank_fill' | 'dose_standing'>(
    kind: K,
    field: keyof RecordOf<K> & string,
  ): Promise<readonly RecordOf<K>[]>;
}

/** Weeks of doses of a large farm: more than any limit looks back, and enough to know what is left in the tanks. */
const MOST_DOSES = 2_000;
/** Each dose has one at least: the doses of these are all among the newest, but for those that were cut off. */
const MOST_ALLOWANCES = 1_000;
const LIMITS_LOOK_BACK_MS = 3 * DAY_MS;

/** What the journal knows of heads: rates, fillings, standings, and what was dosed lately. */
export class DoseBook {
  readonly #journal: FertigationJournal;
  readonly #calibrations = new Map<string, DoseCalibrationRecord>();
  readonly #fills = new Map<string, TankFillRecord>();
  readonly #standings = new Map<string, DoseStandingRecord>();
  /** By tank: the filling that it was of, and what the latest dose has left of it. */
  readonly #left = new Map<string, { readonly fillId: string; millilitres: number }>();
  readonly #isAcid: (tank: string) => boolean;
  /** Newest first. */
  #doses: readonly DoseRecord[] = [];
  season: Season;

  constructor(journal: FertigationJournal, isAcid: (tank: string) => boolean) {
    this.#journal = journal;
    this.#isAcid = isAcid;
    this.season = new Season(isAcid);
  }

  /** Reads it, the season from that moment on; and records what earlier starts have left open. `onTrouble` hears what could not be written. */
  async start(fromMs: number, onTrouble: (error: unknown) => void): Promise<void> {
    const journal = this.#journal;
    this.season = await readSeason(journal, this.#isAcid, fromMs);
    for (const record of await journal.newest('dose_calibration', 'tank'))
      this.#calibrations.set(record.tank, record);
    for (const record of await journal.newest('tank_fill', 'tank')) this.#fills.set(record.tank, record);
    for (const record of await journal.newest('dose_standing', 'head'))
      this.#standings.set(record.head, record);
    const doses = await journal.records('dose', MOST_DOSES);
    const allowances = await journal.records('dose_allowance', MOST_ALLOWANCES);
    const ended = new Set(doses.map(({ doseId }) => doseId));
    // The newest of a dose is the last part of it that was allowed.
    const open = new Map(
      allowances
        .filter(({ doseId }) => !ended.has(doseId))
        .toReversed()
        .map((allowance) => [allowance.doseId, allowance] as const),
    );
    this.#doses = doses;
    for (const dose of doses.toReversed()) this.#drawn(dose);
    for (const allowance of open.values()) {
      const dose = this.#cutOff(allowance, doses);
      this.ended(dose);
      journal.appendRecord(dose).catch(onTrouble);
    }
  }

  /** What a restart takes for given. */
  #cutOff(allowance: DoseAllowanceRecord, doses: readonly DoseRecord[]): DoseRecord {
    const { doseId, head, recipe, startedAtMs, atMs, zones, tanks } = allowance;
    const learnt = doses.find((dose) => dose.recipe === recipe)?.learnt ?? { strength: null, acid: 0 };
    return {
      ...{ kind: 'dose', doseId, head, recipe, startedAtMs, endedAtMs: Math.max(atMs, startedAtMs), zones },
      tanks: tanks.map((one) => ({ ...one, leftMillilitres: this.#leftAfter(one) })),
      ...{ waterLitres: 0, ec: null, ph: null, why: reasonOf('dose_cut_off'), isUpperBound: true, learnt },
    };
  }

  #leftAfter({ tank, millilitres }: { readonly tank: string; readonly millilitres: number }): number | null {
    const left = this.left(tank);
    return left === null ? null : Math.max(0, left - millilitres);
  }

  /** mL that are in a tank; null: nobody has said. */
  left(tank: string): number | null {
    const fill = this.#fills.get(tank);
    if (fill === undefined) return null;
    const known = this.#left.get(tank);
    return known?.fillId === fill.fillId ? known.millilitres : fill.litres * 1000;
  }

  fill(tank: string): TankFillRecord | undefined {
    return this.#fills.get(tank);
  }

  /** Its latest measurement; one of another pump counts for nothing. */
  calibration(tank: Tank): DoseCalibrationRecord | undefined {
    const known = this.#calibrations.get(tank.id);
    return known?.address === addressOf(tank) ? known : undefined;
  }

  /** What its pump gives of its calibration, as the tank's level has shown since. */
  rateFactor(tank: Tank): number {
    const measured = this.calibration(tank);
    return measured === undefined ? 1 : this.season.rateFactor(tank.id, measured.atMs);
  }

  /** Times lately in which more has left a tank than was booked. */
  undercounted({ id }: Tank, nowMs: number): { fromMs: number; toMs: number; ratio: number }[] {
    return this.season
      .stocktakes(id)
      .filter(({ toMs }) => toMs > nowMs - LIMITS_LOOK_BACK_MS)
      .flatMap(({ fromMs, toMs, ratio }) => (ratio !== null && ratio > 1 ? [{ fromMs, toMs, ratio }] : []));
  }

  /** The latest; null: nobody has taken stock of it. */
  stocktake(tank: string): Stocktake | null {
    return this.season.stocktakes(tank).at(-1) ?? null;
  }

  standing(head: string): DoseStandingRecord | undefined {
    return this.#standings.get(head);
  }

  /** Of the last days, for limits. A dose of the future counts too: the clock went back. */
  given(head: string, nowMs: number): Given[] {
    return this.#doses
      .filter((dose) => dose.head === head && dose.endedAtMs > nowMs - LIMITS_LOOK_BACK_MS)
      .flatMap(({ doseId, tanks, endedAtMs: atMs }) =>
        tanks.map(({ tank, millilitres, rateFactor }) => ({
          ...{ doseId, tank, atMs, realMs: null },
          millilitres: worstOf(millilitres, rateFactor),
        })),
      );
  }

  /** By recipe, of its newest dose. */
  learnt(head: string): HeadState['learnt'] {
    const its = this.#doses.filter((dose) => dose.head === head).toReversed();
    return Object.fromEntries(its.map(({ recipe, learnt }) => [recipe, learnt]));
  }

  /** Newest first. */
  doses(
    limit: number,
    of: { readonly head?: string | undefined; readonly zone?: string | undefined } = {},
  ): DoseRecord[] {
    return this.#doses
      .filter(({ head }) => of.head === undefined || head === of.head)
      .filter(({ zones }) => of.zone === undefined || zones.some(({ zone }) => zone === of.zone))
      .slice(0, limit);
  }

  /** mL of a tank a day, mean of the days since `fromMs`; null: it was not dosed. */
  millilitresADay(tank: string, fromMs: number, nowMs: number): number | null {
    const recent = this.#doses.filter(({ endedAtMs }) => endedAtMs >= fromMs && endedAtMs <= nowMs);
    const sum = recent
      .flatMap(({ tanks }) => tanks)
      .reduce((all, one) => all + (one.tank === tank ? one.millilitres : 0), 0);
    const firstMs = recent.at(-1)?.endedAtMs ?? nowMs;
    const days = Math.max(1, Math.ceil((nowMs - firstMs) / DAY_MS));
    return sum === 0 ? null : sum / days;
  }

  ended(dose: DoseRecord): void {
    this.#doses = [dose, ...this.#doses].slice(0, MOST_DOSES);
    this.season.add(dose);
    this.#drawn(dose);
  }

  /** Drawn from a tank otherwise than by a dose: into a measuring cup. */
  drawn(tank: string, millilitres: number): void {
    const fill = this.#fills.get(tank);
    const left = this.left(tank);
    if (fill === undefined || left === null) return;
    this.#left.set(tank, { fillId: fill.fillId, millilitres: Math.max(0, left - millilitres) });
  }

  filled(record: TankFillRecord): void {
    this.#fills.set(record.tank, record);
    this.season.add(record);
  }

  calibrated(record: DoseCalibrationRecord): void {
    this.#calibrations.set(record.tank, record);
    this.season.add(record);
  }

  stands(record: DoseStandingRecord): void {
    this.#standings.set(record.head, record);
  }

  #drawn({ tanks }: DoseRecord): void {
    for (const { tank, fillId, leftMillilitres } of tanks)
      if (fillId !== null && leftMillilitres !== null)
        this.#left.set(tank, { fillId, millilitres: leftMillilitres });
  }
}

/** How a tank's pump is reached: what was measured counts for it alone. */
export function addressOf(tank: Tank): string {
  return canonicalJson({ injector: tank.pump === undefined, valve: dosingPart(tank).valve });
}
