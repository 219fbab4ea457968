import { describe, expect, it } from 'vitest';
import ownCrops from './crops.json' with { type: 'json' };
import { type Library, libraryProblems, loadLibrary } from './library.ts';
import { SiteLocation, siteProblems } from './site.ts';
import ownSoils from './soils.json' with { type: 'json' };
import { zoneModel } from './zone-model.ts';
import { ZoneWater, zoneWaterProblems } from './zone-water.ts';

const library = loadLibrary();
const [lettuce] = ownCrops.crops.filter(({ id }) => id === 'lettuce');
const crops = (...list: object[]) => ({ crops: { format: 'nongtin-crops-1', crops: list } });
const soils = (...list: object[]) => ({ soils: { format: 'nongtin-soils-1', soils: list } });

describe('the library', () => {
  it('that we bring is sound, each profile with its sources', () => {
    expect(libraryProblems({ crops: ownCrops, soils: ownSoils })).toEqual([]);
    expect(library.crops.size).toBe(ownCrops.crops.length);
    for (const id of ['dragon-fruit-young', 'tomato-trellised', 'rice-awd', 'mango-medium', 'coffee-high'])
      expect(library.crops.get(id)?.edition).toBe('FAO56-2025');
    expect(library.crops.get('cabbage-1998')).toMatchObject({ edition: 'FAO56-1998', kcb: { mid: 0.95 } });
  });

  it('has soils whose surface holds what the table says', () => {
    for (const soil of library.soils.values()) {
      const total = 1000 * (soil.fieldCapacity - 0.5 * soil.wiltingPoint) * soil.evaporationDepthMetres;
      expect(total).toBeGreaterThan(soil.readilyEvaporableMm);
      expect(total).toBeLessThanOrEqual(30);
    }
  });

  it('takes a technician’s profile in place of ours, and beside it', () => {
    const own = loadLibrary(
      crops({ ...lettuce, depletionFraction: 0.2 }, { ...lettuce, id: 'lettuce-dalat' }),
    );
    expect(own.crops.get('lettuce')?.depletionFraction).toBe(0.2);
    expect(own.crops.size).toBe(library.crops.size + 1);
  });

  it.each([
    [{ crops: [] }, 'crops.json must be {"format": "nongtin-crops-1", "crops": […]}'],
    [
      crops({ ...lettuce, kc: { initial: 0.7, mid: 2.5, end: 1 } }),
      'crops.json crops[0].kc.mid must be <= 2',
    ],
    [crops({ ...lettuce, season: { kind: 'monthly' } }), 'crops.json crops[0].season.kind must be annual'],
    [crops({ ...lettuce, edition: 'FAO24' }), 'crops[0].edition must be one of FAO56-1998, FAO56-2025'],
    [crops({ ...lettuce, colour: 'green' }), 'crops.json crops[0].colour is not known, remove it'],
    [crops(stages({ initial: 0, development: 0, mid: 0, late: 5 })), 'stageDays add up to 5 days'],
    [
      crops(stages({ initial: -4, development: 9, mid: 9, late: 5 })),
      'season.stageDays.initial must be >= 0',
    ],
    [
      crops({ ...lettuce, kcb: { initial: 0.9, mid: 1, end: 1 } }),
      'kcb.initial (0.9) must not be above kc.initial',
    ],
    [
      crops({ ...lettuce, rootDepthMetres: undefined }),
      'lacks rootDepthMetres, add it, or rootDepthDefaultMetres',
    ],
    [crops({ ...lettuce, rootDepthMetres: { initial: 0.5, full: 0.3 } }), 'rootDepthMetres.initial (0.5)'],
    [crops(months('iiiiiiiiiiii')), "season.months has no 'mid'"],
    [crops(months('mdimmmmmmmmm')), "months[1] is 'development', which must lead to 'mid', not to 'initial'"],
    [crops(months('mmmmmmmmmmil')), "months[11] is 'late', which must follow 'mid', not 'initial'"],
    [crops(lettuce as object, lettuce as object), "crops.json crops[1].id 'lettuce' is there twice"],
    [
      soils({ ...ownSoils.soils[0], fieldCapacity: 0.1, wiltingPoint: 0.1 }),
      'fieldCapacity (0.1) must be above wiltingPoint',
    ],
    [soils({ id: 'x' }), 'soils.json soils[0] lacks name, sources, fieldCapacity'],
  ])('refuses what cannot be: %#', (own, said) => {
    expect(libraryProblems(JSON.parse(JSON.stringify(own))).join('\n')).toContain(said);
    expect(() => loadLibrary(JSON.parse(JSON.stringify(own)))).toThrow('Correct it and start again.');
  });

  function stages(stageDays: object) {
    return { ...lettuce, season: { kind: 'annual', stageDays } };
  }

  function months(letters: string) {
    const names = { i: 'initial', d: 'development', m: 'mid', l: 'late', e: 'end' } as Record<string, string>;
    return { ...lettuce, season: { kind: 'perennial', months: [...letters].map((one) => names[one]) } };
  }
});

describe('a zone’s block', () => {
  const zone = {
    crop: 'lettuce',
    soil: 'loam',
    areaSquareMetres: 120,
    method: 'drip',
    plantedOn: '2026-02-01',
  };
  const { plantedOn: _, ...undated } = zone;
  const problems = (change: object, own: Library = library) =>
    zoneWaterProblems({ ...zone, ...change }, 'plots[0].zones[1].water', own);

  it('is a block of farm.json by its schema', () => {
    expect(Object.keys(ZoneWater.properties)).toContain('areaSquareMetres');
    expect(problems({})).toEqual([]);
  });

  it.each([
    [{ areaSquareMetres: -5 }, 'water.areaSquareMetres must be > 0: give the area that the valve waters, m²'],
    [{ crop: 'letuce' }, "water.crop 'letuce' is not known: did you mean lettuce"],
    [{ crop: 'thanh long' }, 'is not known: did you mean'],
    [{ soil: 'clai' }, "water.soil 'clai' is not known: did you mean clay"],
    [{ method: 'flood' }, 'water.method must be one of drip, micro_spray, sprinkler, basin, furrow'],
    [{ wettedFraction: 35 }, 'water.wettedFraction must be <= 1: give a share of 1'],
    [{ efficiency: 0 }, 'water.efficiency must be >= 0.2: give a share of 1'],
    [{ plantedOn: '2026-02-30' }, "water.plantedOn '2026-02-30' is not a date: write it as YYYY-MM-DD"],
    [{ fieldCapacity: 0.1 }, 'water.fieldCapacity (0.1) must be above wiltingPoint (0.12)'],
    [{ crop: 'coffee-high' }, 'water.plantedOn is not used, remove it'],
    [{ isDual: true }, 'water.isDual needs a crop with kcb, which lettuce has not'],
    [{ mulch: { kind: 'organic', coverFraction: 0.5 } }, 'straw is weighed by the dual coefficient only'],
    [{ irrigation: 'drip' }, 'water.irrigation is not known, remove it'],
  ])('is refused with the field and the remedy: %#', (change, said) => {
    expect(problems(change).join('\n')).toContain(said);
  });

  it('of an annual crop has a date of planting', () => {
    expect(zoneWaterProblems(undated, 'water', library).join()).toContain(
      'water lacks plantedOn, add the day',
    );
    expect(() => zoneModel(undated as ZoneWater, library)).toThrow('lacks plantedOn');
  });

  it('that says little is filled with what is usual, and each assumption is told', () => {
    const model = zoneModel(
      { crop: 'dragon-fruit-high', soil: 'loam', areaSquareMetres: 900, method: 'drip' },
      library,
    );
    expect(model).toMatchObject({ wettedFraction: 0.35, rootedFraction: 0.35, efficiency: 0.9 });
    expect(model.assumed.map(({ figures }) => figures.field)).toEqual([
      ...['wettedFraction', 'rootedFraction', 'efficiency', 'rootDepthMetres'],
    ]);
    const told = zoneModel(
      { ...(zone as ZoneWater), wettedFraction: 0.4, rootedFraction: 1, efficiency: 0.8 },
      library,
    );
    expect(told.assumed).toEqual([]);
  });

  it('of salty water knows what becomes of the soil', () => {
    expect(zoneModel({ ...(zone as ZoneWater), waterEcDsPerM: 1 }, library).soilEcDsPerM).toBeCloseTo(
      1.53,
      2,
    );
    expect(
      zoneModel({ ...(zone as ZoneWater), waterEcDsPerM: 1, soilEcDsPerM: 2 }, library).soilEcDsPerM,
    ).toBe(2);
  });
});

describe('a location', () => {
  const site = {
    ...{ latitudeDegrees: 10.9, longitudeDegrees: 107.1, elevationMetres: 20, isCoastal: false },
    windHeightMetres: 2,
  };
  it('is refused with the field and the remedy', () => {
    expect(Object.keys(SiteLocation.properties)).toContain('latitudeDegrees');
    expect(siteProblems(site, 'location')).toEqual([]);
    expect(siteProblems({ ...site, latitudeDegrees: 109 }, 'location')).toEqual([
      'location.latitudeDegrees must be <= 90: give degrees, north positive, such as 10.03',
    ]);
    expect(siteProblems({ ...site, monthlyEt0Mm: [4, 4] }, 'location').join()).toContain('give twelve means');
    expect(siteProblems({ ...site, lat: 4 }, 'location')).toEqual(['location.lat is not known, remove it']);
  });
});
