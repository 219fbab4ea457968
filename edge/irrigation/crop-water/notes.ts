import type { Reason } from '@nongtin/broker/wire';
import type { Substitution } from './types.ts';

/** What was done in place of measuring, gathered while an ET0 is computed. */
export class Notes {
  readonly substitutions: Substitution[] = [];
  readonly reasons: Reason[] = [];

  add(name: Substitution, figures: Readonly<Record<string, unknown>> = {}): void {
    this.substitutions.push(name);
    const plain = Object.entries(figures).map(([key, value]) => [key, asFigure(value)] as const);
    this.reasons.push({ key: `et0_${name}`, figures: Object.fromEntries(plain) });
  }
}

/** A record holds no NaN, and a person wants to see that one came. */
function asFigure(value: unknown): string | number {
  if (typeof value === 'number' && Number.isFinite(value)) return Math.round(value * 1000) / 1000;
  return String(value ?? '–');
}

/** Whether a sensor said anything at all; what it said may still be nonsense. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

export function isWithin(value: unknown, low: number, high: number): value is number {
  return typeof value === 'number' && value >= low && value <= high;
}
