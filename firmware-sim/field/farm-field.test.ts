import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { demo } from '../farms/demo.ts';
import { twoZones } from '../farms/two-zones.ts';
import { climates } from './climates.ts';
import { FarmField, siteOf } from './farm-field.ts';
import { bulkEc, stepSalt } from './salt.ts';
import { seededSky } from './weather.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** A morning in March, the dry season. */
const morningMs = Date.parse('2026-03-10T08:00:00+07:00');

function demoField(seed = 1): FarmField {
  return new FarmField(demo, seededSky(climates['binh-thuan'], siteOf(demo), seed), morningMs, seed);
}

const zoneNames = demo.zones.filter(({ source }) => source === 'tank').map(({ id }) => id);
const moistures = (field: FarmField) => zoneNames.map((name) => field.zone(name).rootZone().moisture);

describe('the demo farm', () => {
  test('begins with one thirsty zone, below 0.20 m³/m³, and the others staggered above it', () => {
    const first = moistures(demoField()).toSorted((a, b) => a - b);
    expect(first.filter((value) => value < 0.2)).toEqual([expect.closeTo(0.195, 9)]);
    const steps = first.slice(1).map((value, index) => value - (first[index] ?? 0));
    expect(Math.min(...steps)).toBeGreaterThan(0.005);
    expect(first.at(-1)).toBeLessThan(0.26);
  });

  test('dries out in the sun, about 0.05 m³/m³ a day, and not at night', () => {
    const field = demoField();
    const at = (hours: number) => {
      field.advance(morningMs + hours * HOUR_MS);
      return moistures(field);
    };
    const [morning, evening, dawn] = [at(0), at(11), at(21)];
    for (const index of zoneNames.keys()) {
      const drop = (morning[index] ?? 0) - (evening[index] ?? 0);
      expect(drop).toBeGreaterThan(0.03);
      expect(drop).toBeLessThan(0.08);
      expect((evening[index] ?? 0) - (dawn[index] ?? 0)).toBeLessThan(0.005);
    }
  });

  test.each(zoneNames)('ten minutes of water raise zone %s by 0.03 to 0.05 m³/m³, and no other', (name) => {
    const [wet, dry] = [demoField(), demoField()];
    wet.zone(name).valve.tell(true);
    wet.touch();
    for (const field of [wet, dry]) field.advance(morningMs + 10 * MINUTE_MS);
    wet.zone(name).valve.tell(false);
    wet.touch();
    const rise = wet.zone(name).rootZone().moisture - (demoField().zone(name).rootZone().moisture ?? 0);
    expect(rise).toBeGreaterThan(0.03);
    expect(rise).toBeLessThan(0.05);
    for (const other of zoneNames.filter((candidate) => candidate !== name))
      expect(wet.zone(other).rootZone().moisture).toBeCloseTo(dry.zone(other).rootZone().moisture, 5);
    const passed = wet.zone(name).passedLitres;
    wet.advance(morningMs + 20 * MINUTE_MS);
    expect(wet.zone(name).passedLitres).toBe(passed);
  });

  test('is nearly the same whether one looks at it often or once', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 100 * MINUTE_MS }), { maxLength: 40 }), (looks) => {
        const [often, once] = [demoField(), demoField()];
        const endMs = morningMs + 14 * HOUR_MS;
        for (const field of [often, once]) {
          field.zone('b2').valve.tell(true);
          field.touch();
        }
        let atMs = morningMs;
        for (const pause of looks) {
          atMs += pause;
          often.advance(Math.min(endMs, atMs));
        }
        for (const field of [often, once]) field.advance(endMs);
        for (const name of zoneNames) {
          expect(often.zone(name).rootZone().moisture).toBeCloseTo(once.zone(name).rootZone().moisture, 3);
          expect(often.zone(name).passedLitres).toBeCloseTo(once.zone(name).passedLitres, 4);
        }
        expect(often.rainMm).toBeCloseTo(once.rainMm, 6);
      }),
      { numRuns: 25 },
    );
  });

  test('repeats itself for one seed and differs for another', () => {
    const week = (seed: number) => {
      const field = demoField(seed);
      field.advance(morningMs + 7 * 24 * HOUR_MS);
      return field.truth();
    };
    expect(week(1)).toEqual(week(1));
    expect(week(1).zones).not.toEqual(week(2).zones);
  });

  test('never drains its tank while two zones are watered, for the well pump follows', () => {
    const field = demoField();
    for (const name of ['a1', 'b1']) field.zone(name).valve.tell(true);
    for (let part = 1; part <= 3; part += 1) {
      field.advance(morningMs + part * 20 * MINUTE_MS);
      expect(field.source('tank').tank?.litres).toBeGreaterThan(0);
    }
  });
});

describe('water', () => {
  const action = fc.record({
    minutes: fc.integer({ min: 1, max: 400 }),
    what: fc.constantFrom('valve', 'pump', 'master', 'leak', 'burst', 'main', 'clog', 'pressure', 'inflow'),
    zone: fc.constantFrom('n1', 'n2'),
    on: fc.boolean(),
  });

  /** Does something to the field, whatever its state. */
  function act(field: FarmField, { what, zone, on }: { what: string; zone: string; on: boolean }): void {
    const [target, source] = [field.zone(zone), field.source('well')];
    if (what === 'valve') target.valve.tell(on);
    else if (what === 'pump') source.pump.tell(on);
    else if (what === 'master') source.masterValve.tell(on);
    else if (what === 'leak') target.leak.add(on ? 5 : 0.1);
    else if (what === 'burst') target.burst.add(on ? 60 : 0.1);
    else if (what === 'main') source.burst.add(on ? 40 : 0.1);
    else if (what === 'clog') target.clog.add({ flowFactor: on ? 0.5 : 1, uniformity: on ? 0.6 : 0.9 });
    else if (what === 'pressure') source.pressureFactor.add(on ? 0.6 : 1);
    else source.inflow.add(on);
    field.touch();
  }

  test('is conserved, in the soil and in the pipes, whatever is opened and whatever breaks', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 25 }), fc.integer({ min: 0, max: 1000 }), (actions, seed) => {
        const sky = seededSky(climates['mekong-delta'], climates['mekong-delta'].site, seed);
        const field = new FarmField(twoZones, sky, Date.parse('2026-09-10T00:00:00+07:00'), seed);
        for (const one of actions) {
          act(field, one);
          field.advance(field.atMs + one.minutes * MINUTE_MS);
        }
        const { zones, sources, rainMm } = field.truth();
        let passed = 0;
        for (const { id, areaM2, applicationEfficiency = 1 } of twoZones.zones) {
          const zone = zones[id] ?? expect.fail(`no zone ${id}`);
          const gone = zone.evapotranspirationMm + zone.percolationMm + zone.runoffMm;
          expect(zone.storedMm - zone.firstStoredMm).toBeCloseTo(rainMm + zone.irrigationMm - gone, 6);
          expect(zone.passedLitres).toBeCloseTo(zone.deliveredLitres + zone.burstLitres, 6);
          expect(zone.irrigationMm).toBeCloseTo((zone.deliveredLitres * applicationEfficiency) / areaM2, 6);
          expect(zone.evapotranspirationMm).toBeLessThanOrEqual(zone.demandMm + 1e-9);
          passed += zone.passedLitres;
        }
        const well = sources.well ?? expect.fail('no well');
        expect(well.passedLitres).toBeCloseTo(passed + well.burstLitres, 6);
        expect(well.tankLitres).toBeGreaterThanOrEqual(0);
        expect(well.deadHeadSeconds).toBeLessThanOrEqual(well.pumpSeconds);
      }),
      { numRuns: 40 },
    );
  });

  test('two zones at once share what the pump gives', () => {
    const sky = seededSky(climates['da-lat'], climates['da-lat'].site, 1);
    const field = new FarmField(twoZones, sky, morningMs, 1);
    const well = field.source('well');
    well.pump.tell(true);
    well.masterValve.tell(true);
    field.zone('n1').valve.tell(true);
    field.touch();
    field.advance(morningMs + MINUTE_MS);
    const alone = field.zone('n1').flowLitresPerMinute(field.atMs);
    const kpa = well.pressureKpa;
    field.zone('n2').valve.tell(true);
    field.touch();
    expect(field.zone('n1').flowLitresPerMinute(field.atMs)).toBeLessThan(alone);
    expect(well.pressureKpa).toBeLessThan(kpa);
  });

  test('uneven emitters leave the worst quarter thirsty while the best one loses water', () => {
    const [zone] = twoZones.zones;
    const uneven = { ...zone, emitters: { ...zone?.emitters, uniformity: 0.5 } } as typeof zone & object;
    const sky = seededSky(climates['binh-thuan'], climates['binh-thuan'].site, 1);
    const field = new FarmField({ ...twoZones, zones: [uneven] }, sky, morningMs, 1);
    const well = field.source('well');
    well.pump.tell(true);
    well.masterValve.tell(true);
    for (let day = 0; day < 20; day += 1) {
      for (const isOn of [true, false]) {
        field.zone('n1').valve.tell(isOn);
        field.touch();
        field.advance(field.atMs + (isOn ? 40 * MINUTE_MS : 24 * HOUR_MS - 40 * MINUTE_MS));
      }
    }
    const probed = [0, 1, 2, 3].map((quarter) => field.zone('n1').probedMoisture(undefined, quarter));
    expect(probed).toEqual(probed.toSorted((a, b) => a - b));
    expect((probed[3] ?? 0) - (probed[0] ?? 0)).toBeGreaterThan(0.03);
  });

  test('days are told one by one and add up to the whole', () => {
    const field = demoField();
    field.advance(Date.parse('2026-03-15T00:00:00+07:00'));
    const days = field.days.filter(({ zone }) => zone === 'a1');
    expect(days.map(({ date }) => date)).toEqual(
      ['10', '11', '12', '13', '14'].map((day) => `2026-03-${day}`),
    );
    const sum = days.reduce((total, day) => total + day.evapotranspirationMm, 0);
    expect(sum).toBeCloseTo(field.truth().zones.a1?.evapotranspirationMm ?? 0, 6);
    expect(field.truth().zones.a1?.stressDays).toBe(days.filter(({ isStressed }) => isStressed).length);
    expect(days.at(-1)?.isStressed).toBe(true);
  });
});

describe('salt', () => {
  test('is diluted by watering, and what a probe shows rises with moisture', () => {
    const still = { evapotranspirationMm: 0, percolationMm: 0, runoffMm: 0 };
    const watered = stepSalt(120, 60, { mm: 12, ec: 0.6 }, still);
    expect(watered / 72).toBeLessThan(120 / 60);
    expect(bulkEc(watered / 72, 0.24)).toBeGreaterThan(bulkEc(120 / 60, 0.2));
  });

  test('is washed out by percolation and never falls below zero', () => {
    const washed = stepSalt(
      120,
      80,
      { mm: 0, ec: 0 },
      { evapotranspirationMm: 0, percolationMm: 20, runoffMm: 0 },
    );
    expect(washed).toBeCloseTo(90, 9);
    const gone = { evapotranspirationMm: 5, percolationMm: 30, runoffMm: 0 };
    expect(stepSalt(1, 10, { mm: 0, ec: 0 }, gone)).toBe(0);
  });
});
