import { describe, expect, it } from 'vitest';
import { answer, readArguments } from './answer.ts';

/** Runs the command with files that are texts. */
function run(command: string, files: Record<string, string> = {}): string {
  return answer(readArguments(command.split(' ')), (name) => {
    const text = files[name];
    if (text === undefined) throw new Error(`no file ${name}`);
    return text;
  });
}
const of = (command: string, table: string) => run(`- ${command}`, { '-': table });

describe('a table of days', () => {
  it('gives degree-days and their sum, and says how far they are from published ones', () => {
    // UC IPM's own calculator, Esparto 2020.
    const table = 'date,tmin,tmax,dd\n2020-01-01,38,55,1.19\n2020-01-02,36,67,5.71\n2020-01-03,33,59,2.34\n';
    const said = of('--lower 50 --upper 70 --fahrenheit', table);
    expect(said).toContain('single_sine above 50, cut off at 70 °F');
    expect(said).toMatch(/2020-01-02 +5\.71 +6\.90/);
    expect(said).toContain('9.23 °F·d in 3 days: 3 measured, 0 filled, 0 missing');
    expect(said).toMatch(/against the published: 3 days, sum 9\.24, greatest difference -?0\.00/);
  });

  it('fills a short gap, leaves a long one out, and says which days', () => {
    const table = 'date;tmin;tmax\n2026-03-01;20;30\n2026-03-02;;\n2026-03-03;24;34\n2026-03-08;20;30\n';
    const { sum, days } = JSON.parse(of('--lower 10 --json', table));
    expect(sum).toBe(15 + 17 + 19 + 15);
    expect(days.map(({ is }: { is: string }) => is).join(' ')).toBe(
      'measured filled measured missing missing missing missing measured',
    );
    expect(of('--lower 10', table)).toContain('the sum is a lower bound');
  });

  it('counts from the biofix on', () => {
    const table = 'date,tmin,tmax\n2026-03-01,20,30\n2026-03-02,20,30\n2026-03-03,20,30\n';
    expect(of('--lower 10 --from 2026-03-02', table)).toContain('30.00 K·d in 2 days');
  });

  it('takes the thresholds of the library and tells how far the pest is', () => {
    const table = `date,tmin,tmax\n${Array.from({ length: 11 }, (_, i) => `2026-03-${String(i + 1).padStart(2, '0')},24,30`).join('\n')}`;
    const said = of('--pest bactrocera-dorsalis', table);
    // By hand in docs/pests.md.
    expect(said).toContain('199.43 K·d in 11 days');
    expect(said).toContain('generation 1, pupa');
    expect(said).toContain('113.57 K·d until egg_and_larva of generation 2');
  });

  it('takes readings too, a day of them with 20 hours', () => {
    const hours = (day: string, count: number) =>
      Array.from({ length: count }, (_, i) => `${day}T${String(i).padStart(2, '0')}:30+07:00,${20 + i / 2}`);
    const table = ['time,t', ...hours('2026-03-01', 24), ...hours('2026-03-02', 19)].join('\n');
    const { days } = JSON.parse(of('--lower 10 --json', table));
    expect(days).toEqual([
      { date: '2026-03-01', degreeDays: (20 + 31.5) / 2 - 10, is: 'measured', sum: 15.75 },
      { date: '2026-03-02', degreeDays: 0, is: 'missing', sum: 15.75 },
    ]);
  });
});

describe('what cannot be used is said, with where', () => {
  const day = '2026-03-01,20,30\n';
  it.each([
    ['date,tmin,tmax\n2026-03-01,NaN,30\n', "line 2, column tmin: 'NaN' is not a number"],
    ['date,tmin,tmax\n2026-03-01,31,30\n', 'line 2: tmin (31) is above tmax (30)'],
    ['date,tmin,tmax\n2026-03-01,20,\n', 'line 2 has tmin alone: give both, or neither'],
    [`date,tmin,tmax\n${day}${day}`, 'line 3: 2026-03-01 does not come after 2026-03-01'],
    ['date,tmin,tmax\n2026-02-30,20,30\n', "line 2, column date: '2026-02-30' is none"],
    [`date,tmin,tmax\n${day}3026-03-01,20,30\n`, 'is more than 36600 days: is a year wrong?'],
    ['date,tmin,tmx\n2026-03-01,20,30\n', 'column tmx is not known; known are tmin, tmax, t, dd'],
    ['date,t\n2026-03-01,20\n', 'line 2: t is of hours; a day has tmin and tmax'],
    ['month,tmin,tmax\n3,20,30\n', 'has months: degree-days are of days or hours'],
    ['time,tmin\n2026-03-01T14:00+07:00,20\n', 'an hour has t; tmin, tmax and dd are of days'],
    ['date,tmin,tmax\n', 'has no rows below its column names'],
    ['', 'is empty'],
  ])('%j', (table, said) => {
    expect(() => of('--lower 10', table)).toThrow(said);
  });

  it.each([
    ['x', '--lower or --pest is expected'],
    ['x --lower warm', "--lower 'warm' is not a number"],
    ['x --lower 30 --upper 10', '--lower (30) must be below --upper (10)'],
    ['x --lower 10 --method triangle', '--method is one of single_sine, average_limited, extremes_limited'],
    ['x --lower 10 --from tomorrow', "--from 'tomorrow' is no day: write it as YYYY-MM-DD"],
    ['x --pest thrips-palmi --lower 10', '--pest brings thresholds and method along'],
  ])('%s', (command, said) => {
    expect(() => readArguments(command.split(' '))).toThrow(said);
  });

  it('a pest without degree-days says why there are none', () => {
    expect(() => run('x --pest sogatella-furcifera')).toThrow(
      'the library has no degree-days of sogatella-furcifera: Egg (T0 10.2 °C',
    );
    expect(() => run('x --pest locust')).toThrow(
      "'locust' is not in the library: there are bactrocera-dorsalis",
    );
  });
});
