import { expect, it } from 'vitest';
import { encodeRecord, parseRecord } from './index.ts';

/** As they were first written; they stay readable for ever. */
const samples = [
  '{"atMs":1764000000000,"doseId":"boot-head-dose-4","head":"cham-phan","kind":"dose_allowance","recipe":"deu","startedAtMs":1764000000000,"tanks":[{"fillId":null,"gramsPerLitre":{"Ca":18.9,"N":15.5},"millilitres":1000,"tank":"bon-a"}],"zones":[{"hectares":0.25,"litres":0,"plot":"lo-1","runId":"boot-7","share":1,"stage":null,"zone":"khu-1"}]}',
  '{"doseId":"boot-head-dose-4","ec":1.61,"endedAtMs":1764000900000,"head":"cham-phan","isUpperBound":false,"kind":"dose","learnt":{"acid":120.5,"strength":0.93},"ph":6.02,"recipe":"deu","startedAtMs":1764000000000,"tanks":[{"fillId":"f1","gramsPerLitre":{"N":15.5},"leftMillilitres":198200,"millilitres":1800,"tank":"bon-a"}],"waterLitres":900,"why":{"figures":{},"key":"dose_complete"},"zones":[{"hectares":0.25,"litres":900,"plot":"lo-1","runId":"boot-7","share":1,"stage":"mid","zone":"khu-1"}]}',
  '{"doseId":"d","ec":null,"endedAtMs":1,"head":"h","isUpperBound":true,"kind":"dose","learnt":{"acid":0,"strength":null},"ph":null,"recipe":"r","startedAtMs":1,"tanks":[{"fillId":null,"gramsPerLitre":{},"leftMillilitres":null,"millilitres":5,"tank":"a"}],"waterLitres":0,"why":{"figures":{},"key":"dose_cut_off"},"zones":[]}',
  '{"address":"{}","atMs":1,"head":"h","kind":"dose_calibration","millilitresPerLitre":null,"millilitresPerSecond":12.4,"recordedBy":"u1","recordedByName":"Chị Năm","runs":[{"millilitres":124,"seconds":10,"waterLitres":0}],"tank":"a"}',
  '{"atMs":1,"fillId":"f1","gramsPerLitre":{"N":15.5},"head":"h","kind":"tank_fill","litres":0,"recordedBy":"u1","recordedByName":"Chị Năm","tank":"a"}',
  '{"atMs":1,"by":"Chị Năm","change":"stopped","head":"h","isHeld":true,"kind":"dose_standing","lock":null}',
  '{"atMs":1,"by":null,"change":"locked","head":"h","isHeld":false,"kind":"dose_standing","lock":{"figures":{"tank":"a"},"key":"dose_pump_silent"}}',
];

it.each(samples)('is read and written as it was: %s', (sample) => {
  expect(encodeRecord(parseRecord(sample))).toBe(sample);
});
