import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { neededWetHours, wetPeriods } from './infection.ts';
import { loadPests, openPests, pestProblems, pestsOfCrop } from './library.ts';
import ownPests from './pests.json' with { type: 'json' };
import { wetRisk } from './risk.ts';

const library = loadPests();
const own = (...pests: object[]) => ({ format: 'nongtin-pests-1', pests });
const [fly] = ownPests.pests;

describe('the library of pests', () => {
  it('that we bring is sound', () => {
    expect(pestProblems(own(...ownPests.pests))).toEqual([]);
    expect(library.size).toBe(ownPests.pests.length);
  });

  it('has what grows on the farms of the cooperative', () => {
    const latin = [...library.values()].map((pest) => pest.latin);
    for (const name of [
      ...['Bactrocera dorsalis', 'Nilaparvata lugens', 'Sogatella furcifera', 'Spodoptera litura'],
      ...['Spodoptera exigua', 'Spodoptera frugiperda', 'Plutella xylostella', 'Thrips palmi'],
      ...[
        'Frankliniella occidentalis',
        'Tetranychus urticae',
        'Neoscytalidium dimidiatum',
        'Pyricularia oryzae',
      ],
    ])
      expect(latin).toContain(name);
  });

  it('has a source for each figure, and says what was not found', () => {
    for (const { id, development, thresholds, infection, unknown } of library.values()) {
      if (development === null && infection === null) expect(unknown, id).not.toEqual([]);
      if (thresholds.length === 0 && infection === null) expect(unknown, id).not.toEqual([]);
      expect(development?.source ?? 'none', id).toMatch(/doi|none|Entomol|article/);
      for (const { source } of thresholds) expect(source.length, id).toBeGreaterThan(10);
      for (const source of infection?.sources ?? []) expect(source.length, id).toBeGreaterThan(20);
    }
  });

  it('says in three languages what nobody has published', () => {
    for (const { id, unknown } of library.values())
      for (const words of unknown)
        expect(words, id).toEqual({ vi: expect.any(String), en: expect.any(String), zh: expect.any(String) });
  });

  it('has thresholds of a stage where a source tells them apart', () => {
    const of = (id: string) =>
      library.get(id)?.thresholds.map(({ value, cropStage }) => [cropStage?.en, value]);
    expect(of('nilaparvata-lugens')).toEqual([
      ['planting to pre-tillering', 5],
      ['mid-tillering', 10],
      ['panicle initiation to booting', 15],
      ['flowering and after', 25],
    ]);
    expect(of('spodoptera-frugiperda')?.map(([, value]) => value)).toEqual([0.3, 0.6, 0.95]);
  });

  it('advises what is not chemical first, in three languages', () => {
    for (const { id, advice } of library.values()) {
      expect(advice.nonChemical.length, id).toBeGreaterThanOrEqual(2);
      for (const words of advice.nonChemical)
        expect(`${words.vi} ${words.en} ${words.zh}`, id).not.toMatch(/insecticide spray|thuốc hóa học thì/);
      expect(advice.chemical.vi, id).toMatch(/^Chỉ phun khi/);
      expect(advice.chemical.en, id).toMatch(/^Spray only if/);
      expect(advice.chemical.zh, id).toMatch(/^仅在/);
    }
  });

  it('knows blast by the hours that were measured', () => {
    const infection = library.get('rice-blast')?.infection ?? expect.fail('there is none');
    expect([18, 22, 26, 30, 36].map((celsius) => neededWetHours(celsius, infection))).toEqual([
      ...[22, 16, 10, 8, null],
    ]);
  });
});

it('a night of wet rice is judged as it is worked by hand in docs/pests.md', () => {
  const { needs } = library.get('rice-blast')?.infection ?? expect.fail('there is none');
  const night = (hours: number) =>
    Array.from({ length: hours }, (_, hour) => ({ atMs: hour * 3_600_000, celsius: 24, isWet: true }));
  expect(wetPeriods(night(13), { needs, dryHours: 0 })).toMatchObject([{ wetHours: 13, neededHours: 13 }]);
  const at = { today: 0, dayOf: () => 0, protectedUntilDay: null };
  const risk = (hours: number) =>
    wetRisk({ curativeDays: 2 }, wetPeriods(night(hours), { needs, dryHours: 0 }), at);
  expect([13, 12, 9].map((hours) => risk(hours).advice)).toEqual(['act', 'look', 'wait']);
});

describe('a farm’s own pests', () => {
  it('change what they name of one of ours, and leave the rest', () => {
    const thresholds = [{ unit: 'per_trap_day', value: 4, source: 'Chi cục BVTV Bình Thuận, 2026' }];
    const changed = loadPests(own({ id: 'bactrocera-dorsalis', thresholds })).get('bactrocera-dorsalis');
    expect(changed).toMatchObject({ latin: 'Bactrocera dorsalis', thresholds, windowDays: 7 });
    expect(changed?.development).toEqual(fly?.development);
  });

  it('stand beside ours', () => {
    const added = loadPests(own({ ...fly, id: 'bactrocera-cucurbitae', latin: 'Zeugodacus cucurbitae' }));
    expect(added.size).toBe(library.size + 1);
  });

  it('are read from the gateway’s folder, where there may be none', () => {
    const folder = mkdtempSync(join(tmpdir(), 'nongtin-pests-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    expect(openPests(folder).size).toBe(library.size);
    writeFileSync(join(folder, 'pests.json'), JSON.stringify(own({ id: 'thrips-palmi', windowDays: 0 })));
    expect(() => openPests(folder)).toThrow(
      'The pest library cannot be used: pests.json pests[0].windowDays must be >= 1. Correct it and start again.',
    );
  });

  it.each([
    [{ pests: [] }, 'pests.json must be {"format": "nongtin-pests-1", "pests": […]}'],
    [null, 'pests.json must be {"format"'],
    [own(7 as never), 'pests.json pests[0] must be an object'],
    [own({ id: 'ants' }), 'pests.json pests[0] lacks kind'],
    [own({ ...fly, colour: 'red' }), 'pests.json pests[0].colour is not known, remove it'],
    [own({ id: fly?.id }, { id: fly?.id }), "pests[1].id 'bactrocera-dorsalis' is there twice"],
    [own({ ...fly, development: { ...fly?.development, lowerCelsius: '9' } }), 'development'],
    [
      own({ ...fly, development: { ...fly?.development, upperCelsius: 5 } }),
      'pests[0].development.upperCelsius (5) must be above lowerCelsius (8.87)',
    ],
    [own({ id: 'rice-blast', development: fly?.development }), 'pests[0].development is of insects'],
    [
      own({ id: 'rice-blast', thresholds: [{ unit: 'percent_leaf_area', value: 500, source: 'x' }] }),
      'pests[0].thresholds[0].value (500) is a percentage: give at most 100',
    ],
    [
      own({ id: 'rice-blast', infection: blast([30, 8], [22, 16]) }),
      'pests[0].infection.needs.hoursAt[1].celsius must be above the one before it: sort them',
    ],
  ])('are refused with what is wrong and where: %#', (file, words) => {
    expect(pestProblems(file).join('; ')).toContain(words);
  });
});

it('a plot has the pests of its crop, however it is spelled', () => {
  const ids = (crop: string) => pestsOfCrop(library, crop).map(({ id }) => id);
  const dragonFruit = ['bactrocera-dorsalis', 'dragon-fruit-anthracnose', 'dragon-fruit-brown-spot'];
  expect(ids('Thanh long ruột đỏ')).toEqual(dragonFruit);
  expect(ids('dragon fruit')).toEqual(dragonFruit);
  expect(ids('Lúa OM 5451')).toEqual(['nilaparvata-lugens', 'sogatella-furcifera', 'rice-blast']);
  expect(ids('lúamì')).toEqual([]);
});

function blast(...pairs: [number, number][]) {
  const hoursAt = pairs.map(([celsius, hours]) => ({ celsius, hours }));
  return {
    ...{ needs: { hoursAt }, dryHours: null, curativeDays: null, protectionDays: null },
    sources: ['here'],
  };
}
