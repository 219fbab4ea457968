import type { ZoneSpec } from '../farm/spec.ts';

/** Where a line through corners stands; before the first and behind the last one it is level. */
function between(corners: readonly { readonly day: number; readonly value: number }[], day: number): number {
  let before = corners[0];
  for (const corner of corners) {
    if (corner.day > day) {
      if (before === undefined || before.day >= corner.day || before.day > day) return corner.value;
      return before.value + ((corner.value - before.value) * (day - before.day)) / (corner.day - before.day);
    }
    before = corner;
  }
  return before?.value ?? 0;
}

/** Kc and root depth of a crop so many days after the simulation's start. */
export class Crop {
  readonly #kc: { day: number; value: number }[];
  readonly #depth: { day: number; value: number }[];
  readonly #ageDays: number;
  readonly depletionShare: number;

  constructor(spec: ZoneSpec['crop']) {
    this.#kc = spec.kcByDay.map(({ day, kc }) => ({ day, value: kc }));
    this.#depth = spec.rootDepthByDay.map(({ day, metres }) => ({ day, value: metres }));
    this.#ageDays = spec.plantedDaysBefore ?? 0;
    this.depletionShare = spec.depletionShare;
  }

  kc(days: number): number {
    return between(this.#kc, this.#ageDays + days);
  }

  rootDepthMetres(days: number): number {
    return between(this.#depth, this.#ageDays + days);
  }
}
