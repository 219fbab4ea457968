import { type MetricName, metrics } from '@nongtin/broker/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { units } from './table.ts';
import { convert, toMetricUnit } from './units.ts';

const quantities = Object.values(units).map((rows) => rows.flatMap(({ spellings }) => spellings.split(' ')));
/** Two units of the same quantity. */
const pair = fc
  .constantFrom(...quantities)
  .chain((names) => fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names)));
const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
const to = (value: number, from: string, unit: string) => convert(value, from, unit) ?? Number.NaN;

describe('units', () => {
  it.each([
    [212, '°F', '°C', 100],
    [-40, 'F', 'C', -40],
    [300, 'K', '°C', 26.85],
    [28_200, 'µS/cm', 'mS/cm', 28.2],
    [1.5, 'dS/m', 'mS/cm', 1.5],
    [0.2, 'S/m', 'mS/cm', 2],
    [120, 'mS/m', 'mS/cm', 1.2],
    [41.7, '%', 'm³/m³', 0.417],
    [0.55, '1', '%', 55],
    [101_325, 'Pa', 'hPa', 1_013.25],
    [1, 'atm', 'hPa', 1_013.25],
    [29.92, 'inHg', 'hPa', 1_013.207589],
    [760, 'mmHg', 'hPa', 1_013.25014],
    [2.5, 'bar', 'kPa', 250],
    [30, 'psi', 'kPa', 206.84271879504],
    [18, 'centibar', 'kPa', 18],
    [10, 'mH2O', 'kPa', 98.0665],
    [0.6, 'm³/h', 'L/min', 10],
    [90, 'L/h', 'L/min', 1.5],
    [1, 'GPM', 'L/min', 3.785411784],
    [1, 'ft³', 'L', 28.316846592],
    [1, 'gal', 'L', 3.785411784],
    [2, 'ML', 'm³', 2_000],
    [0.12, 'in', 'mm', 3.048],
    [6, 'ft', 'm', 1.8288],
    [4.2, 'mph', 'm/s', 1.877568],
    [36, 'km/h', 'm/s', 10],
    [10, 'kn', 'm/s', 5.144444],
    [1, 'in/h', 'mm/h', 25.4],
    [54, 'klx', 'lx', 54_000],
    [3_100, 'mV', 'V', 3.1],
    [1_500, 'Wh', 'kWh', 1.5],
    [3.6, 'MJ', 'kWh', 1],
    [Math.PI, 'rad', '°', 180],
  ])('turns %d %s into %s', (value, from, unit, expected) => {
    expect(convert(value, from, unit)).toBeCloseTo(expected, 5);
  });

  it('leaves no digits behind that come from the arithmetic alone', () => {
    expect(convert(28_200, 'µS/cm', 'mS/cm')).toBe(28.2);
    expect(convert(41.7, '%', 'm³/m³')).toBe(0.417);
    expect(convert(3_123, 'mV', 'V')).toBe(3.123);
    expect(convert(299.15, 'K', '°C')).toBe(26);
    expect(convert(0.1 + 0.2, '°C', 'ºC')).toBe(0.1 + 0.2);
  });

  it.each([
    ['μS/cm', 'mS/cm'],
    ['µS/cm', 'mS/cm'],
    ['uS/cm', 'mS/cm'],
    ['US/CM', 'ms/cm'],
    ['µS cm⁻¹', 'mS/cm'],
    ['m³/m³', '%'],
    ['m^3/m^3', '%'],
    ['W m⁻²', 'W/m²'],
    ['W/m^2', 'kW/m²'],
    ['ºC', '°F'],
    ['℃', '℉'],
    ['° C', 'K'],
    ['l/min', 'L / min'],
    ['HPA', 'kpa'],
  ])('knows the spellings %s and %s', (from, unit) => {
    expect(convert(1, from, unit)).toBeTypeOf('number');
  });

  it.each([
    ['ppm', 'mS/cm'],
    ['ppm', 'mg/kg'],
    ['lx', 'W/m²'],
    ['dB', 'dBm'],
    ['L', 'L/min'],
    ['L/min', 'L'],
    ['m/s', 'mm/h'],
    ['VA', 'W'],
    ['µmol/m²/s', 'W/m²'],
    ['', '°C'],
    ['bananas', 'bananas'],
    ['__proto__', 'constructor'],
    ['mpa', 'kPa'],
    ['mw', 'W'],
    ['x'.repeat(10_000), '%'],
  ])('does not guess %s as %s', (from, unit) => {
    expect(convert(1, from, unit)).toBeUndefined();
  });

  it('comes back to the value it started from', () => {
    fc.assert(
      fc.property(pair, number, ([from, unit], value) => {
        const back = to(to(value, from, unit), unit, from);
        expect(Math.abs(back - value)).toBeLessThanOrEqual(1e-9 * (Math.abs(value) + 1_000));
      }),
    );
  });

  it('is linear: the middle of two values stays the middle', () => {
    fc.assert(
      fc.property(pair, number, number, ([from, unit], low, high) => {
        const middle = to((low + high) / 2, from, unit);
        const expected = (to(low, from, unit) + to(high, from, unit)) / 2;
        const size = Math.abs(to(low, from, unit)) + Math.abs(to(high, from, unit)) + 1;
        expect(Math.abs(middle - expected)).toBeLessThanOrEqual(1e-9 * size);
      }),
    );
  });

  it('takes any text for a unit without failing', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), number, (from, unit, value) => {
        const converted = convert(value, from, unit);
        expect(converted === undefined || Number.isFinite(converted)).toBe(true);
      }),
    );
  });
});

describe('units of metrics', () => {
  it('knows the unit of every metric', () => {
    for (const [name, { unit }] of Object.entries(metrics)) {
      expect(toMetricUnit(name as MetricName, 0.5, unit), name).toBe(0.5);
    }
  });

  it.each([
    ['soil_moisture', 38, '%', 0.38],
    ['soil_moisture', 0.38, 'm3/m3', 0.38],
    ['soil_moisture', 38, '%vol', 0.38],
    ['soil_moisture', 0.38, 'VWC', 0.38],
    ['relative_humidity', 55, '%', 55],
    ['soil_ec', 1_200, 'uS/cm', 1.2],
    ['water_pressure', 2, 'bar', 200],
    ['soil_tension', 18, 'cbar', 18],
    ['soil_ph', 6.4, '', 6.4],
    ['uv_index', 7, '', 7],
    ['uv_index', 7, 'UV index', 7],
    ['link_quality', 191, 'lqi', 191],
    ['rain', 2, 'L/m²', 2],
  ] as const)('%s: %d %s', (metric, value, unit, expected) => {
    expect(toMetricUnit(metric, value, unit)).toBeCloseTo(expected, 9);
  });

  it.each([
    ['soil_moisture', ''],
    ['temperature', ''],
    ['relative_humidity', 'm³/m³'],
    ['uv_index', '%'],
    ['valve_open', '%'],
    ['soil_ec', 'ppm'],
    ['soil_nitrogen', 'ppm'],
    ['water_pressure', 'm'],
    ['rssi', 'dB'],
    ['rssi', '%'],
    ['battery', 'V'],
  ] as const)('does not guess %s in %j', (metric, unit) => {
    expect(toMetricUnit(metric, 1, unit)).toBeUndefined();
  });
});
