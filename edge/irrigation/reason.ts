import type { Reason } from '@nongtin/broker/wire';

/** A reason of this key; what is not known is left out, numbers are rounded to what people can read. */
export function reasonOf(key: string, figures: Record<string, number | string | null> = {}): Reason {
  const kept: Reason['figures'] = {};
  for (const [name, value] of Object.entries(figures)) {
    if (value !== null) kept[name] = typeof value === 'number' ? Math.round(value * 10_000) / 10_000 : value;
  }
  return { key, figures: kept };
}
