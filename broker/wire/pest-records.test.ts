import { expect, it } from 'vitest';
import { encodeRecord, parseRecord } from './index.ts';

/** As they were first written; they stay readable for ever. */
const samples = [
  '{"atMs":1764000000000,"by":"trap-7","count":12,"countId":"trap-7/1763900000000","countedBy":"device","counter":812,"fromMs":1763900000000,"kind":"trap_count","pest":"bactrocera-dorsalis","photoSha256":null,"plot":"plot-a","revision":1,"state":"standing","trapId":"me-1","untilMs":1763986400000}',
  `{"atMs":1764000000000,"by":"Cô Ba","count":9,"countId":"c2","countedBy":"person","fromMs":1763400000000,"kind":"trap_count","pest":"bactrocera-dorsalis","photoSha256":"${'ab'.repeat(32)}","plot":"plot-a","recordedBy":"u1","revision":2,"state":"withdrawn","trapId":"me-2","untilMs":1763986400000,"why":"đếm nhầm bẫy"}`,
  '{"atMs":1764000000000,"by":"Cô Ba","kind":"pest_seen","pest":"nilaparvata-lugens","photoSha256":null,"plot":"plot-r","recordedBy":"u1","revision":1,"sampleSize":20,"seenAtMs":1763990000000,"seenId":"s1","state":"standing","unit":"per_hill","value":2.85}',
  '{"atMs":1764000000000,"by":"Anh Tư","date":"2026-11-03","kind":"pest_biofix","pest":"plutella-xylostella","plot":"plot-c","recordedBy":"u2"}',
  '{"atMs":1764000000000,"date":"2026-11-22","kind":"pest_pressure","latitude":10.93,"longitude":108.1,"perTrapPerDay":1.75,"pest":"bactrocera-dorsalis","trapDays":12,"traps":2}',
  '{"atMs":1764000000000,"date":"2026-11-22","kind":"pest_pressure","perTrapPerDay":0,"pest":"thrips-palmi","trapDays":1,"traps":1}',
];

it.each(samples)('is read and written as it was: %s', (sample) => {
  expect(encodeRecord(parseRecord(sample))).toBe(sample);
});

it.each([
  [0, 'count', -1],
  [0, 'count', 1.5],
  [0, 'photoSha256', 'IMG_2041.jpg'],
  [2, 'sampleSize', 0],
  [4, 'date', '22.11.2026'],
  [4, 'latitude', 108.1],
])('sample %d is no record with %s %s', (index, field, value) => {
  const sample = { ...JSON.parse(samples[index] ?? ''), [field]: value };
  expect(() => parseRecord(JSON.stringify(sample))).toThrow(SyntaxError);
});
