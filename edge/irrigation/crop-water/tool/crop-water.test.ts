import { describe, expect, it } from 'vitest';
import { answer, readArguments } from './answer.ts';
import { FIGURES } from './figures.ts';

/** Runs the command with files that are texts. */
function run(command: string, files: Record<string, string> = {}): string {
  return answer(readArguments(command.split(' ')), (name) => {
    const text = files[name];
    if (text === undefined) throw new Error(`no file ${name}`);
    return text;
  });
}

/**
 * Maricopa, Arizona (AZMET station): weather of 21 days of 2003 and 2004, and the FAO-56 Penman-Monteith ET0 that the
 * University of Idaho's REF-ET 3.1 printed for them; from the test data of pyfao56 (CC0). The whole series of 6 575 days,
 * 2003 to 2020, agrees to within 0.015 mm (0.05 where it is printed with one decimal).
 */
const maricopa = `# anemometer at 3 m
date,tmax,tmin,rs,wind,tdew,et0
2003-07-08,42.80,22.80,29.49,1.60,8.60,7.92
2003-07-09,43.80,21.00,29.70,2.50,8.10,9.56
2003-07-10,42.50,23.50,29.02,2.90,11.20,9.75
2003-07-11,42.10,23.90,27.75,2.00,16.00,8.10
2003-07-12,43.50,26.80,27.57,2.40,15.90,8.93
2003-07-13,45.30,27.50,27.41,2.30,14.40,9.11
2003-07-14,45.80,26.20,26.46,2.40,12.70,9.24
2003-09-23,33.50,21.50,8.51,2.50,15.20,4.39
2003-09-24,24.90,20.90,5.91,2.00,21.30,1.45
2003-09-25,33.80,20.50,19.75,1.10,20.10,4.20
2003-10-07,27.80,20.70,4.55,2.00,14.60,2.61
2003-11-12,19.30,15.80,1.70,2.20,16.60,0.44
2003-11-13,22.00,11.60,8.53,0.80,14.90,1.32
2003-12-16,16.70,-3.10,13.13,3.10,-9.30,3.05
2003-12-28,10.90,-3.50,13.15,1.40,-10.5,1.53
2003-12-29,14.00,-7.10,12.35,1.00,-8.10,1.37
2004-01-05,14.50,-4.00,11.04,1.30,-6.20,1.60
2004-02-13,15.20,-2.10,17.69,1.70,-12.3,2.66
2004-02-24,17.30,6.00,16.36,1.40,8.50,2.07
2004-02-29,18.60,3.40,18.71,2.50,1.50,3.24
2004-03-04,15.40,8.80,6.24,4.10,9.60,1.49
`;
const there = '--latitude 33.069 --elevation 361 --wind-height 3';

describe('ET0 of a table', () => {
  it('agrees with a published series of a real station', () => {
    const { rows } = JSON.parse(run(`et0 maricopa.csv ${there} --json`, { 'maricopa.csv': maricopa })) as {
      rows: { at: string; mm: number; publishedMm: number }[];
    };
    expect(rows).toHaveLength(21);
    for (const { at, mm, publishedMm } of rows) expect(Math.abs(mm - publishedMm), at).toBeLessThan(0.015);
  });

  it('says so in words, a line a day', () => {
    const said = run(`et0 - ${there}`, { '-': maricopa });
    expect(said).toContain('2003-07-08  ET0 7.922 mm');
    expect(said).toContain('published 7.92');
    expect(said).toMatch(/against the published: 21 rows, mean difference -?0\.00\d mm/);
  });

  it('shows every figure with its name, unit and equation', () => {
    const table = 'month;tmin;tmax;ea;wind;sunshine;tprev\n4;25.6;34.8;2.85;2;8.5;29.2\n';
    const said = run('et0 bangkok.csv --latitude 13.733 --elevation 2', { 'bangkok.csv': table });
    expect(said).toContain('ET0 5.716 mm');
    expect(said).toMatch(/Δ, slope of the saturation curve +0\.2458 kPa\/°C +\(13 \| 3\.8\)/);
    expect(said).toContain('[solar_from_sunshine]');
  });

  it('takes hours, and carries the clouds of the afternoon into the night', () => {
    const hours = {
      site: { latitudeDegrees: 16.217, longitudeDegrees: -16.25, elevationMetres: 8 },
      edition: 'FAO56-1998',
      hours: [
        { time: '1999-10-01T14:00-01:00', t: 38, rh: 52, wind: 3.3, rs: 2.45 },
        { time: '1999-10-02T02:00-01:00', t: 28, rh: 90, wind: 1.9, rs_wm2: 0 },
      ],
    };
    const { rows } = JSON.parse(run('et0 hours.json --json', { 'hours.json': JSON.stringify(hours) })) as {
      rows: { mm: number; terms: { clearness: number }; substitutions: string[] }[];
    };
    expect(rows[0]?.mm).toBeCloseTo(0.63, 2);
    expect(rows[1]?.terms.clearness).toBeCloseTo(0.922, 3);
    expect(rows[1]?.substitutions).toEqual([]);
  });

  it.each([
    [
      'date,tmin,tmx\n2026-03-01,24,34',
      'the input cannot be used:\n  line 2, column tmx is not known; known are tmin, tmax',
    ],
    [
      'date,tmin,tmax\n2026-03-01,24,34\n2026-02-30,24,34',
      "line 3, column date: '2026-02-30' is none: write it as YYYY-MM-DD",
    ],
    [
      'date,tmin\n2026-03-01,warm',
      "line 2, column tmin: 'warm' is not a number: write it like 24.5, or leave it empty",
    ],
    ['date,tmin\n2026-03-01,24,34', 'line 2 has 3 cells, the first line 2'],
    ['date,tmin,tmin\n2026-03-01,24,34', 'line 1 names the column tmin twice'],
    ['tmin,tmax\n24,34', 'line 1 names no column date, time or month'],
    ['time,t\n2026-03-01T14:00,30', 'with Z or an offset'],
    ['', 'is empty'],
    ['{"days": [{"date": "2026-03-01", "tmin": "cold"}]}', "days[0].tmin: 'cold' is not a number"],
    ['{"day": []}', 'day is not known; known are site, zone'],
    ['{"days": [}', 'is no JSON'],
  ])('refuses what it cannot read, and says where: %#', (text, said) => {
    expect(() => run(`et0 - ${there}`, { '-': text })).toThrow(said);
  });

  it('wants to know where the weather was measured', () => {
    expect(() => run('et0 -', { '-': maricopa })).toThrow('Give --latitude and --elevation');
    expect(() => run('et0 - --latitude 95 --elevation 3', { '-': maricopa })).toThrow(
      'site.latitudeDegrees must be <= 90',
    );
    expect(() => run('et0 - --latitude 33', { '-': maricopa })).toThrow('site lacks elevationMetres, add it');
    expect(() => readArguments(['et0'])).toThrow('a file is expected');
    expect(() => readArguments(['et0', 'x', '--edition', '2025'])).toThrow(
      '--edition is FAO56-1998 or FAO56-2025',
    );
    expect(() => readArguments(['rain'])).toThrow('et0, balance, crops or soils is expected');
  });
});

describe('the balance of a table', () => {
  const zone = JSON.stringify({
    ...{
      crop: 'tomato-trellised',
      soil: 'loam',
      areaSquareMetres: 1000,
      method: 'drip',
      plantedOn: '2026-01-01',
    },
    ...{ wettedFraction: 0.4, rootedFraction: 1, plants: 2500 },
  });
  const days = 'date,et0,rain,irrigation\n2026-03-01,5,0,0\n2026-03-02,5,12,0\n2026-03-03,5,0,20\n';

  it('tells each day, and what the zone needs then', () => {
    const files = { 'zone.json': zone, 'days.csv': days };
    const said = run('balance days.csv --zone zone.json --start 40 --flow 50', files);
    expect(said).toContain('days of stress 2');
    expect(said).toMatch(/gross irrigation of the zone +\S+ L +\(gross × m²\)/);
    expect(said).toMatch(/for each plant/);
    expect(said).toContain('assumed: efficiency = 0.9');
    const { days: told, need } = JSON.parse(
      run('balance days.csv --zone zone.json --start 40 --json', files),
    ) as {
      days: { depletionMm: number; percolationMm: number; etcActualMm: number }[];
      need: { netMm: number };
    };
    const [first, second, third] = told;
    expect(first?.depletionMm).toBeCloseTo(40 + (first?.etcActualMm ?? 0), 9);
    expect(second?.depletionMm).toBeCloseTo((first?.depletionMm ?? 0) - 12 + (second?.etcActualMm ?? 0), 9);
    expect(need.netMm).toBe(third?.depletionMm);
  });

  it('computes ET0 where the table has weather instead', () => {
    const weather = 'date,tmin,tmax,rhmin,rhmax,wind,rs\n2026-03-01,24,34,50,92,1.8,21\n';
    const said = run('balance days.csv --zone zone.json --latitude 10 --elevation 2', {
      'zone.json': zone,
      'days.csv': weather,
    });
    expect(said).toMatch(/2026-03-01 +\d\.\d\d +[45]\.\d/);
  });

  it('hears a probe, and says when it does not believe it', () => {
    const lying = Array.from({ length: 8 }, (_, i) => `2026-03-0${i + 1},5,0,0,0.9`).join('\n');
    const files = { 'zone.json': zone, 'days.csv': `date,et0,rain,irrigation,moisture\n${lying}\n` };
    expect(run('balance days.csv --zone zone.json', files)).toContain('probe_out_of_range');
  });

  it.each([
    [
      'date,et0\n2026-03-01,5\n2026-03-03,5',
      'line 3: 2026-03-03 does not follow 2026-03-01: every day is needed',
    ],
    ['date,rain\n2026-03-01,5', 'line 2 has no et0: state it, or weather and the site'],
    ['date,et0,rain\n2026-03-01,5,-2', 'line 2: rain and irrigation are mm, 0 or more'],
    ['date,et0\n2026-03-01,-1', 'line 2: et0 is mm, 0 or more'],
    ['month,et0\n3,5', 'a balance takes days'],
  ])('refuses what it cannot go on with: %#', (table, said) => {
    expect(() => run('balance - --zone zone.json', { 'zone.json': zone, '-': table })).toThrow(said);
  });

  it('refuses a zone that cannot be, field by field', () => {
    const wrong = JSON.stringify({ crop: 'tomatoe', soil: 'loam', areaSquareMetres: 10, method: 'drip' });
    expect(() => run('balance - --zone zone.json', { 'zone.json': wrong, '-': days })).toThrow(
      "zone.crop 'tomatoe' is not known: did you mean tomato",
    );
    expect(() => run('balance -', { '-': days })).toThrow('which zone? Give --zone FILE');
  });
});

describe('the library', () => {
  it('is listed, and each profile shown', () => {
    expect(run('crops')).toMatch(
      /dragon-fruit-high +Kc 0\.65\/0\.90\/0\.75 +p 0\.60 +perennial +FAO56-2025 +Thanh long/,
    );
    expect(run('soils')).toMatch(/loam +θFC 0\.250 +θWP 0\.120 +130 mm\/m/);
    expect(JSON.parse(run('crops lettuce'))).toMatchObject({ id: 'lettuce', edition: 'FAO56-2025' });
    expect(() => run('soils mud')).toThrow("'mud' is not known: there are sand");
    expect(Object.values(FIGURES).every(({ name, equation }) => name !== '' && equation !== '')).toBe(true);
  });

  it('takes files of your own', () => {
    const soil = JSON.parse(run('soils loam')) as object;
    const own = JSON.stringify({ format: 'nongtin-soils-1', soils: [{ ...soil, id: 'lo-a3' }] });
    expect(run('soils --soils soils.json', { 'soils.json': own })).toContain('lo-a3');
    expect(() => run('soils --soils soils.json', { 'soils.json': '{}' })).toThrow(
      'soils.json must be {"format"',
    );
  });
});
