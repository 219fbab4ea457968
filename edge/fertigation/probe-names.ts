import { type MetricName, metrics } from '@nongtin/broker/wire';
import { convert, isUnit } from '../units/units.ts';
import type { Quantity } from './dosing/types.ts';

/** A probe in farm.json. */
export interface Probe {
  readonly device: string;
  readonly channel?: string;
  /** What the probe calls it; absent: `water_ec` or `water_ph`. */
  readonly metric?: string;
  /** Of a conductivity that nobody states. */
  readonly unit?: string;
}

/** What a head goes by, what of ours may stand for it, and what devices call it that say no unit (in any case of letters). */
const names = {
  ec: {
    ...{ own: 'water_ec', known: ['water_ec', 'soil_ec'], unit: 'mS/cm' },
    plain: ['ec', 'conductivity', 'electrical_conductivity'],
  },
  ph: { own: 'water_ph', known: ['water_ph', 'soil_ph'], unit: 'pH', plain: ['ph'] },
} as const satisfies Record<
  Quantity,
  { own: MetricName; known: readonly MetricName[]; unit: string; plain: readonly string[] }
>;

/** What is wrong with how a probe is named, field by field with the remedy. */
export function probeNameProblems({ metric, unit }: Probe, quantity: Quantity, at: string): string[] {
  const { own, known, plain } = names[quantity];
  const isKnown = metric === undefined || isOneOf(known, metric);
  if (!isKnown && !isOneOf(plain, metric.toLowerCase()))
    return [
      `${at}.metric '${metric}' is none that a probe of ${quantity} may have: ${[...known, ...plain].join(', ')}`,
    ];
  if (isKnown || quantity === 'ph')
    return unit === undefined
      ? []
      : [
          `${at}.unit is for a field of another name than ours: ${metric ?? own} is always ${names[quantity].unit}, leave it out`,
        ];
  if (unit === undefined)
    return [
      `${at} lacks unit: '${metric}' alone may be mS/cm or µS/cm, a thousand times apart; say which, mS/cm, dS/m or µS/cm`,
    ];
  if (convert(1, unit, 'mS/cm') !== undefined) return [];
  const isTds = isUnit(unit) && convert(1, unit, 'ppm') !== undefined;
  return [
    isTds
      ? `${at}.unit '${unit}' is no unit of conductivity, and meters make it from one with factors of their own (0.5, 0.64 or 0.7): let the probe say mS/cm or µS/cm`
      : `${at}.unit '${unit}' is no unit of conductivity: use mS/cm, dS/m or µS/cm`,
  ];
}

interface Said {
  readonly metric: MetricName;
  readonly channel: string;
  readonly value: number;
}

/**
 * What a probe's reading says of a quantity, in the unit of its metric, and whether such a value can be: of a field that we do not know
 * nobody else has looked. Undefined: nothing.
 */
export function saidOf(
  { channel, metric, unit }: Probe,
  quantity: Quantity,
  said: Said,
): { readonly value: number; readonly isPossible: boolean } | undefined {
  const { own, known } = names[quantity];
  const isRaw = metric !== undefined && !isOneOf(known, metric);
  if (said.metric !== 'raw') {
    // A field that people have given its meaning since is the metric that it means.
    const wanted = isRaw ? own : (metric ?? own);
    return said.metric === wanted && (channel ?? said.channel) === said.channel
      ? { value: said.value, isPossible: true }
      : undefined;
  }
  const field = fieldOf(said.channel);
  if (!isRaw || field.name.toLowerCase() !== metric.toLowerCase()) return undefined;
  if (channel !== undefined && channel !== field.before && channel !== said.channel) return undefined;
  const value = unit === undefined ? said.value : convert(said.value, unit, names[quantity].unit);
  if (value === undefined) return undefined;
  const { min, max } = metrics[own];
  return { value, isPossible: value >= min && value <= max };
}

/** A field of a probe that says a quantity, but that farm.json does not name. Undefined: it is none. */
export function unnamedField(quantity: Quantity, { metric, channel }: Said): string | undefined {
  const { known, plain } = names[quantity];
  if (metric !== 'raw') return isOneOf(known, metric) ? metric : undefined;
  return isOneOf(plain, fieldOf(channel).name.toLowerCase()) ? channel : undefined;
}

/** 'top.EC' is EC of 'top', as 'top.EC.value' is. */
function fieldOf(channel: string): { readonly before: string; readonly name: string } {
  const path = channel.split('.');
  const own = path.length > 1 && path.at(-1) === 'value' ? path.slice(0, -1) : path;
  return { before: own.slice(0, -1).join('.'), name: own.at(-1) ?? '' };
}

function isOneOf(list: readonly string[], name: string): boolean {
  return list.includes(name);
}
