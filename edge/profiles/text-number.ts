import type { MetricName } from '@nongtin/broker/wire';
import { isUnit, toMetricUnit } from '../units/units.ts';
import type { ParsedReading } from './profile.ts';

/** A number that came as text, and the unit that stands behind it. */
interface Quantity {
  readonly value: number;
  readonly unit: string | undefined;
}

const LONGEST = 64;
const QUANTITY =
  /^([-+−]?(?:\d{1,15}(?:[.,]\d{0,15})?|[.,]\d{1,15})(?:e[-+]?\d{1,3})?)\s*([^\s\d.,:;+\-−/][^,;]{0,31})?$/iu;
/** 1,234 is a thousand in some countries and one in others. */
const AMBIGUOUS = /^[-+−]?[1-9]\d{0,2},\d{3}$/;

/**
 * '24.59', '24.59 °C', '19,57%': a number, and behind it nothing or a unit that is known. The comma is a decimal one unless
 * three digits follow it, which may be thousands. Undefined for every other text.
 */
export function quantityIn(text: string): Quantity | undefined {
  if (text.length > LONGEST) return undefined;
  const [, number = '', unit] = QUANTITY.exec(text.trim()) ?? [];
  if (number === '' || AMBIGUOUS.test(number)) return undefined;
  const value = Number(number.replace(',', '.').replace('−', '-'));
  if (!Number.isFinite(value) || (unit !== undefined && !isUnit(unit))) return undefined;
  return { value, unit };
}

/**
 * Of a field that nobody knows: digits that begin with 0, or go on and on, are an address or a key, and whole digits with
 * one letter (2C) may be one.
 */
export function unnamedQuantityIn(text: string): Quantity | undefined {
  const plain =
    /^\s*[-−]?(?:0|[1-9]\d{0,8})(?:\.\d{1,9})?(?!\d|\.)/.test(text) && !/^\s*\d+[a-z]\s*$/i.test(text);
  return plain ? quantityIn(text) : undefined;
}

/** A number with its own unit, under the name of a metric: kept raw, with the reason, when it measures something else. */
export function statedReading(
  metric: MetricName,
  value: number,
  unit: string,
): Pick<ParsedReading, 'metric' | 'value' | 'unit' | 'rawReason'> {
  const converted = toMetricUnit(metric, value, unit);
  if (converted === undefined) return { metric: 'raw', value, unit, rawReason: 'unit' };
  return { metric, value: converted };
}
