import type { TankConfig, Water } from './types.ts';

/** mL/s that a tank's pump gives, or that its injector draws while so much water flows; null: nobody has measured it. */
export function rateIn({ injector, millilitresPerSecond }: TankConfig, water: Water | null): number | null {
  if (injector === undefined) return millilitresPerSecond;
  if (injector.millilitresPerLitre === null) return null;
  return (injector.millilitresPerLitre * flowOf(water)) / 60;
}

export function isMeasured({ injector, millilitresPerSecond }: TankConfig): boolean {
  return (injector === undefined ? millilitresPerSecond : injector.millilitresPerLitre) !== null;
}

/** The flow may rise while an injector draws: by more than this, and it is stopped. */
const RISE = 1.5;

/** What a pulse may give at most, of what it is meant to give. */
export function mostOf({ injector }: TankConfig): number {
  return injector === undefined ? 1 : RISE;
}

export function flowOf(water: Water | null): number {
  return water?.runs.reduce((sum, { litresPerMinute }) => sum + litresPerMinute, 0) ?? 0;
}
