import { type MetricName, metrics } from '@nongtin/broker/wire';
import { type UnitRow, units } from './table.ts';

interface Unit {
  readonly quantity: string;
  readonly times: number;
  readonly by: number;
  readonly zero: number;
}

/** How to come from one unit to another: (value − zero) × times ÷ by + added. */
interface Step {
  readonly zero: number;
  readonly times: number;
  readonly by: number;
  readonly added: number;
}

const LONGEST_NAME = 32;
/** More than any sensor gives; what lies behind comes from the arithmetic (41.7 % would be 0.41700000000000004). */
const DIGITS = 12;
const SAME: Step = { zero: 0, times: 1, by: 1, added: 0 };
const MOST_REMEMBERED = 2_000;

const exact = new Map<string, Unit>();
/** By lower-case spelling; undefined where two different units share it ('mpa' is MPa or mPa). */
const anyCase = new Map<string, Unit | undefined>();
const steps = new Map<string, Step | undefined>();

for (const [quantity, rows] of Object.entries(units)) {
  for (const row of rows) register(quantity, row);
}

function register(quantity: string, { spellings, times, by = 1, zero = 0 }: UnitRow): void {
  const unit: Unit = { quantity, times, by, zero };
  for (const name of spellings.split(' ')) {
    exact.set(name, unit);
    const lower = name.toLowerCase();
    const shared = anyCase.has(lower) && anyCase.get(lower) !== unit;
    anyCase.set(lower, shared ? undefined : unit);
  }
}

/**
 * `value` in another unit; undefined when a unit is unknown, the two measure different things, or the
 * result is no finite number. The spelling may vary as devices' do: m³ or m3, µ or μ or u, º or °, spaces, upper and lower case where only one unit is meant.
 */
export function convert(value: number, fromUnit: string, toUnit: string): number | undefined {
  const key = `${fromUnit}\n${toUnit}`;
  let step = steps.get(key);
  if (step === undefined) {
    if (steps.has(key)) return undefined;
    step = stepBetween(fromUnit, toUnit);
    if (steps.size >= MOST_REMEMBERED) steps.clear();
    if (key.length <= 3 * LONGEST_NAME) steps.set(key, step);
  }
  if (step === undefined || step === SAME) return step && value;
  const converted = ((value - step.zero) * step.times) / step.by + step.added;
  return Number.isFinite(converted) ? Number(converted.toPrecision(DIGITS)) : undefined;
}

/**
 * `value`, measured in `unit`, in the unit of the metric; undefined when that cannot be said. Without a unit only what
 * has none is taken: plain numbers and pH. A percentage of soil moisture is one of volume (m³ of water in 100 m³ of soil).
 */
export function toMetricUnit(metric: MetricName, value: number, unit: string): number | undefined {
  const own = metrics[metric].unit;
  const from = unitOf(unit);
  if (own === '1' || own === 'pH' || own === '') {
    const plain = unit.trim() === '' || from?.quantity === 'number' || from === unitOf('1');
    return plain || (own === 'pH' && from === unitOf('pH')) ? value : undefined;
  }
  if (from?.quantity === 'volumetricRatio' && own !== 'm³/m³') return undefined;
  return convert(value, unit, own);
}

/** Whether a text is a unit of the table, in any spelling. */
export function isUnit(text: string): boolean {
  return unitOf(text) !== undefined;
}

/** What a share of a volume and a plain share have in common. */
const RATIOS = new Set(['ratio', 'volumetricRatio']);

function stepBetween(fromUnit: string, toUnit: string): Step | undefined {
  const from = unitOf(fromUnit);
  const to = unitOf(toUnit);
  if (from === undefined || to === undefined) return undefined;
  const same = from.quantity === to.quantity || (RATIOS.has(from.quantity) && RATIOS.has(to.quantity));
  if (!same) return undefined;
  if (from === to) return SAME;
  return { zero: from.zero, times: from.times * to.by, by: from.by * to.times, added: to.zero };
}

function unitOf(text: string): Unit | undefined {
  if (text.length > LONGEST_NAME) return undefined;
  const direct = exact.get(text);
  if (direct !== undefined) return direct;
  const name = spelling(text);
  return exact.get(name) ?? anyCase.get(name.toLowerCase());
}

/** One way of writing: compatibility characters apart (³ → 3, ℃ → °C, µ → μ), 'W m⁻²' as 'W/m2', without spaces. */
function spelling(text: string): string {
  return text
    .replace(/[º˚]/g, '°')
    .normalize('NFKC')
    .replace(/μ/g, 'u')
    .replace(/−/g, '-')
    .replace(/\^/g, '')
    .replace(/[·.* ]([A-Za-z]+)-([123])$/, (_, unit: string, power: string) =>
      power === '1' ? `/${unit}` : `/${unit}${power}`,
    )
    .replace(/\s/g, '');
}
