import { expect, it } from 'vitest';
import { encodeRecord, parseRecord } from './index.ts';

/** As they were first written; they stay readable for ever. */
const samples = [
  '{"atMs":1764000000000,"harvestId":"h1","kind":"harvest","plot":"plot-a","quantityKg":500,"recordedBy":"u1","seasonStartedAtMs":1760000000000}',
  '{"atMs":1764000000000,"harvestId":"h2","kind":"harvest","override":{"by":"u3","byName":"Chị Năm","reason":"tiêu hủy","refusals":[{"figures":{"earliestDate":"2026-11-30"},"key":"harvest_inside_interval"}],"sprayIds":["s1"]},"plot":"plot-a","quantityKg":500,"recordedBy":"u3","seasonStartedAtMs":1760000000000}',
  '{"atMs":1764000000000,"encoding":"UTF-8","fileName":"thuốc.csv","kind":"product_list","products":[{"crops":["thanh long"],"dose":{"max":1,"min":0.5,"unit":"L/ha"},"ingredients":[{"content":100,"name":"exampline","unit":"g/L"}],"pests":[],"phiDays":7,"reiHours":24,"restrictions":[{"ingredient":"exampline","market":"EU","status":"banned"}],"source":"nhãn","sourceDate":"2026-01-05","tradeName":"Ví dụ 100EC"}],"recordedBy":"u2","sha256":"00","version":1}',
  '{"areaHectares":1.2,"atMs":1764000000000,"endDate":"2026-11-23","endedAtMs":1763900000000,"isClockTrusted":true,"kind":"spray","operator":"Cô Ba","pest":"kiến","plot":"plot-a","products":[{"dose":{"amount":1,"unit":"L/ha"},"listed":{"crops":["thanh long"],"ingredients":["exampline"],"pests":[],"phiDays":7,"reiHours":24,"row":0,"version":1},"tradeName":"Ví dụ 100EC"}],"recordedBy":"u1","recordedByName":"Cô Ba","revision":1,"sprayId":"s1","startedAtMs":1763890000000,"state":"standing","warnings":[],"weather":null,"zones":[]}',
  '{"areaHectares":0.4,"atMs":1764000000000,"endDate":"2026-11-23","endedAtMs":1763900000000,"equipment":"bình 16 L","isClockTrusted":false,"kind":"spray","nevertheless":"mua ở chợ","operator":"Cô Ba","pest":"kiến","plot":"plot-a","products":[{"dose":{"amount":20,"unit":"mL/16L"},"listed":null,"tradeName":"Thuốc lạ"}],"prompt":"alarm-1","reason":"kiến nhiều","recordedBy":"u2","recordedByName":"Anh Tư","revision":2,"sprayId":"s2","startedAtMs":1763890000000,"state":"withdrawn","warnings":[{"figures":{"product":"Thuốc lạ"},"key":"spray_product_unlisted"}],"waterLitres":300,"weather":{"airTemperature":29.5,"rainMm":0,"relativeHumidity":null,"windMetresPerSecond":2.4},"why":"ghi nhầm","zones":["a1"]}',
];

it.each(samples)('is read and written as it was: %s', (sample) => {
  expect(encodeRecord(parseRecord(sample))).toBe(sample);
});
