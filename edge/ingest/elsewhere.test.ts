import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quality } from '@nongtin/broker/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { message, type Rig, startRig } from './testing/rig.ts';

const NOW = Date.parse('2026-11-21T10:00:00Z');
const iso = (ms: number) => new Date(ms).toISOString();

let folder = '';
let rig: Rig;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nongtin-elsewhere-'));
  rig = await startRig(folder, NOW);
});
afterEach(async () => {
  await rig.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('a message that a broker elsewhere has kept', () => {
  it('as the last word on its topic is no reading of now, and no rubbish of now either', async () => {
    await rig.ingest.receive(message({ soil_moisture: 0.3 }, { arrival: 'kept' }));
    await rig.ingest.receive(message('{ broken', { arrival: 'kept', packetId: 2 }));
    await rig.delivered();
    expect(await rig.raw('d1', 'soil_moisture')).toEqual([]);
    expect([rig.seen.readings, rig.seen.quarantined]).toEqual([[], []]);
    expect(rig.ingest.counters()).toMatchObject({ readings: 0, quarantined: 0, ignored: 2 });
  });

  it('as the last word on who is there is told', async () => {
    const status = { topic: 'nongtin/v1/d1/status', arrival: 'kept' } as const;
    await rig.ingest.receive(message('offline', status));
    expect(rig.seen.statuses).toEqual([['d1', false]]);
  });

  it('for nobody knows how long is late, unless the device says when it was', async () => {
    await rig.ingest.receive(message({ soil_moisture: 0.3 }, { arrival: 'waited' }));
    await rig.ingest.receive(
      message({ time: iso(NOW - 60_000), soil_moisture: 0.31 }, { arrival: 'waited', packetId: 2 }),
    );
    await rig.ingest.receive(message({ soil_moisture: 0.32 }, { packetId: 3 }));
    await rig.delivered();
    const points = await rig.raw('d1', 'soil_moisture');
    const flagged = new Map(points.map((point) => [point.value, point.quality & quality.late]));
    expect(flagged).toEqual(
      new Map([
        [0.3, quality.late],
        [0.31, 0],
        [0.32, 0],
      ]),
    );
  });
});
