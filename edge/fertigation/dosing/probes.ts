import type { Reason } from '@nongtin/broker/wire';
import { reasonOf } from '../../irrigation/reason.ts';
import { elapsed, type Instant } from '../../irrigation/time.ts';
import type { ProbeReading, ProbeRules, Quantity } from './types.ts';

export type Agreed = { readonly value: number } | { readonly doubt: Reason };

/**
 * The mean of a quantity's probes, if each is fresh, good, in its range and no other than its neighbour: otherwise why nobody may
 * dose by it. Words from before `since`, when the water stood, count for nothing.
 */
export function agreed(
  quantity: Quantity,
  readings: readonly (ProbeReading | null)[],
  rules: ProbeRules,
  since: Instant,
  now: Instant,
): Agreed {
  const values: number[] = [];
  for (let index = 0; index < rules.count; index++) {
    const reading = readings[index];
    const figures = { quantity, probe: index + 1 };
    if (!reading || reading.seen.realMs < since.realMs || elapsed(reading.seen, now, rules.maxAge))
      return { doubt: reasonOf('dose_probe_stale', figures) };
    const { value, isGood } = reading;
    if (!isGood) return { doubt: reasonOf('dose_probe_doubted', { ...figures, value }) };
    if (!(value >= rules.min && value <= rules.max))
      return {
        doubt: reasonOf('dose_probe_out_of_range', { ...figures, value, min: rules.min, max: rules.max }),
      };
    values.push(value);
  }
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (high - low > rules.tolerance)
    return {
      doubt: reasonOf('dose_probes_disagree', { quantity, low, high, tolerance: rules.tolerance }),
    };
  return { value: values.reduce((sum, value) => sum + value, 0) / values.length };
}
