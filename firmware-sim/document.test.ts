import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { simulatorDocument } from './document.ts';
import { families } from './families/index.ts';
import { deviceSchemas } from './farm/spec.ts';
import { farms } from './farms/index.ts';
import { faults } from './faults/index.ts';

const page = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8');

test('the README has the tables of the code', () => {
  expect(simulatorDocument(page)).toBe(page);
});

test('the README names every fault, family with its settings, farm and kind of device', () => {
  const settings = Object.values(families).flatMap((family) => Object.keys(family.settings.properties));
  const names = [
    ...Object.keys(faults),
    ...Object.keys(families),
    ...settings,
    ...Object.keys(deviceSchemas),
  ];
  for (const name of [...names, ...farms.map((farm) => farm.name)]) expect(page).toContain(`\`${name}\``);
});
