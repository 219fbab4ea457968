import { type DayReport, initialSoil } from '../crop-water/balance.ts';
import { depletionFromProbe, rootZone } from '../crop-water/root-zone.ts';
import type { SoilState } from '../crop-water/state.ts';
import type { ZoneModel } from '../crop-water/zone-model.ts';
import { dateText, type LocalDay } from '../programs/calendar.ts';

/** What is known of a zone's soil. */
export interface KeptSoil {
  /** The day whose end `soil` is. */
  readonly day: LocalDay;
  readonly soil: SoilState;
  /** Nothing was known when it began: taken for dry enough to be watered, after which it is known. */
  readonly isAssumed: boolean;
  /** What its probe said when it began, and nothing has borne it out since: it stands and falls with the probe. */
  readonly isFromProbe: boolean;
  /** Of which crop; undefined: nobody has written it down. */
  readonly planting: Planting | undefined;
}

export interface Planting {
  readonly crop: string;
  /** YYYY-MM-DD; null: perennial. */
  readonly plantedOn: string | null;
}

export interface Today {
  readonly today: LocalDay;
  /** Without it nobody knows which day it is: nothing is given up for its sake, and nothing kept. */
  readonly isTrusted: boolean;
}

/** A model that has slept for longer knows nothing any more. */
const LONGEST_GAP_DAYS = 30;

/** The soil of each zone as the last day left it. */
export class KeptSoils {
  readonly #kept = new Map<string, KeptSoil>();

  keep(zone: string, kept: KeptSoil): void {
    this.#kept.set(zone, kept);
  }

  /** What it is like, nobody knows any more. */
  forget(zone: string): void {
    this.#kept.delete(zone);
  }

  /** What was thought of its probe is no word of another one. */
  forgetProbe(zone: string): void {
    const kept = this.#kept.get(zone);
    if (kept) this.#kept.set(zone, { ...kept, soil: { ...kept.soil, probe: null } });
  }

  /** As today begins; a soil of which nothing is known, as dry as its crop bears. */
  of(zone: string, model: ZoneModel, { today, isTrusted }: Today): KeptSoil {
    const known = this.#kept.get(zone);
    const isTooOld = isTrusted && known !== undefined && today - known.day > LONGEST_GAP_DAYS;
    const kept = known === undefined || isTooOld ? assumed(model, today) : planted(known, model, today);
    // The clock was ahead: those days come again, and are closed again.
    const dated = isTrusted && kept.day >= today ? { ...kept, day: today - 1 } : kept;
    if (isTrusted) this.#kept.set(zone, dated);
    return dated;
  }
}

export function plantingOf({ profile, plantedOn }: ZoneModel): Planting {
  return { crop: profile.id, plantedOn };
}

interface DayEnd {
  /** With what the probe has corrected. */
  readonly soil: SoilState;
  readonly report: Pick<DayReport, 'percolationMm' | 'rawMm'>;
  readonly isDisbelieved: boolean;
  /** The probe has moved with the water, as the model has. */
  readonly isFollowing: boolean;
}

/**
 * What is known of a zone's soil when a day is over. What has percolated was full, so it is known. What only a probe has said that
 * is not believed any more is worth nothing: it is taken for at least as dry as the crop bears.
 */
export function endedWith(
  before: Pick<KeptSoil, 'isAssumed' | 'isFromProbe'>,
  { soil, report, isDisbelieved, isFollowing }: DayEnd,
): Pick<KeptSoil, 'soil' | 'isAssumed' | 'isFromProbe'> {
  if (report.percolationMm > 0) return { soil, isAssumed: false, isFromProbe: false };
  if (!before.isFromProbe || !isDisbelieved)
    return { soil, isAssumed: before.isAssumed, isFromProbe: before.isFromProbe && !isFollowing };
  const depletionMm = Math.max(soil.depletionMm, report.rawMm);
  return { soil: { ...soil, depletionMm }, isAssumed: true, isFromProbe: false };
}

function assumed(model: ZoneModel, today: LocalDay): KeptSoil {
  const date = dateText(today);
  const { rootDepthMetres } = initialSoil(model, date);
  const { rawMm } = rootZone(model.profile, model.soil, rootDepthMetres, model);
  const soil = initialSoil(model, date, rawMm);
  return { day: today - 1, soil, isAssumed: true, isFromProbe: false, planting: plantingOf(model) };
}

/** Another crop has other roots in the same soil, which is as moist as it was. */
function planted(known: KeptSoil, model: ZoneModel, today: LocalDay): KeptSoil {
  const planting = plantingOf(model);
  const before = known.planting ?? planting;
  if (before.crop === planting.crop && before.plantedOn === planting.plantedOn) return known;
  const { depletionMm, rootDepthMetres: oldDepth, probe } = known.soil;
  const { soil, rootedFraction } = model;
  const moisture = soil.fieldCapacity - depletionMm / (1000 * oldDepth * rootedFraction);
  const date = dateText(today);
  const { rootDepthMetres } = initialSoil(model, date);
  const nowMm = depletionFromProbe(moisture, soil, rootDepthMetres, rootedFraction);
  return { ...known, soil: { ...initialSoil(model, date, nowMm), probe }, planting };
}
