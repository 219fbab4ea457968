import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { metrics, qualityFlags } from '@nongtin/broker/wire';
import { afterAll, expect, it } from 'vitest';
import { observe } from './observation.ts';
import { SeriesTable } from './series.ts';
import { SeriesMemory } from './series-memory.ts';

const root = mkdtempSync(join(tmpdir(), 'nongtin-memory-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const T0 = Date.UTC(2026, 10, 21, 10);
const HOUR = 3_600_000;

/** One start of the gateway, as far as quality is concerned. */
function start(path: string, errors: unknown[] = []) {
  const memory = new SeriesMemory({ path, onError: (error) => errors.push(error) });
  memory.start();
  const table = new SeriesTable(memory);
  return {
    read: (metric: 'volume' | 'air_temperature' | 'soil_ph', value: number, hours: number) => {
      const series = table.of(table.device('d1'), 'd1', metric, '');
      const atMs = T0 + hours * HOUR;
      return qualityFlags(observe(series.state, metrics[metric], value, { timeGiven: false }, atMs).bits);
    },
    stop: () => memory.stop(),
  };
}

it('knows after a restart where a counter stood and since when a sensor stands still', () => {
  const path = join(root, 'quality.json');
  const first = start(path);
  first.read('volume', 1_000, 0);
  first.read('soil_ph', 6, 0);
  for (let hour = 0; hour < 20; hour++) first.read('air_temperature', 27.5, hour);
  first.stop();
  // A start in which neither of them speaks forgets nothing.
  start(path).stop();
  const second = start(path);
  expect(second.read('volume', 3, 21)).toEqual(['counterReset']);
  expect(second.read('air_temperature', 27.5, 21)).toEqual([]);
  expect(second.read('air_temperature', 27.5, 24)).toEqual(['flatLine']);
  second.stop();
  // What has no memory takes no room.
  expect(readFileSync(path, 'utf8')).not.toContain('soil_ph');
});

it('begins anew with a file that cannot be read, and says so', () => {
  const path = join(root, 'damaged.json');
  writeFileSync(path, '{"version":1,"ser');
  const errors: unknown[] = [];
  const boot = start(path, errors);
  expect(boot.read('volume', 3, 0)).toEqual([]);
  boot.stop();
  expect(errors).toHaveLength(1);
  expect(start(path).read('volume', 2, 0)).toEqual(['counterReset']);
});
