import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { testFarm } from './gateway.suite.ts';

const run = (program: string, args: readonly string[]) => spawnSync(program, args);

/** A small disk of its own, which needs a system where we may mount one. */
function mounted(): { folder: string; unmount: () => void } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-full-'));
  const { status } = run('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', folder]);
  const unmount = () => {
    if (status === 0) run('umount', ['-l', folder]);
    rmSync(folder, { recursive: true, force: true });
  };
  if (status === 0) return { folder, unmount };
  unmount();
  return undefined;
}

const trial = mounted();
trial?.unmount();

async function farmOnSmallDisk() {
  const disk = mounted() ?? expect.fail('a disk could be mounted before');
  onTestFinished(disk.unmount);
  vi.stubEnv('TMPDIR', disk.folder);
  const farm = await testFarm({ NONGTIN_CLOCK: 'trusted' });
  vi.unstubAllEnvs();
  onTestFinished(() => farm.close());
  await farm.get('/api/alarms');
  await farm.gateway().stop();
  const reserve = join(farm.dataDir, 'gateway', 'journal.sqlite-reserve');
  const fill = (name: string) => run('dd', ['if=/dev/zero', `of=${join(disk.folder, name)}`, 'bs=1k']);
  const makeRoom = (...names: string[]) => {
    for (const name of names) rmSync(join(disk.folder, name));
  };
  const readyz = async () => (await fetch(`http://127.0.0.1:${farm.gateway().ports.httpPort}/readyz`)).status;
  const told = async (payload: string) => {
    const probe = await farm.device('soil-a1');
    return probe.publishAsync('nongtin/v1/soil-a1/readings', payload, { qos: 1 });
  };
  return { farm, reserve, fill, makeRoom, readyz, told };
}

it.skipIf(trial === undefined)(
  'starts on a full disk in the room that is set aside, and takes readings',
  async () => {
    const { farm, fill, readyz, told } = await farmOnSmallDisk();
    fill('filler');
    await farm.restart();
    await told('{"soil_moisture":0.31,"seq":1}');
    expect(await readyz()).toBe(200);
  },
);

it.skipIf(trial === undefined)(
  'starts on a disk without any room, says so, opens nothing, and goes on when there is room',
  async () => {
    const { farm, reserve, fill, makeRoom, readyz, told } = await farmOnSmallDisk();
    rmSync(reserve);
    fill('filler');
    await farm.restart();
    const { alarms } = await farm.get('/api/alarms');
    expect(alarms).toContainEqual(
      expect.objectContaining({ reason: expect.objectContaining({ key: 'journal_disk_full' }) }),
    );
    expect(await readyz()).toBe(503);
    const opened = await farm.post('/api/zones/a1/open', { durationSeconds: 60 });
    expect(opened.status).toBe(503);
    // A kill leaves it as it is; an orderly stop must not wait for the disk.
    await farm.restart();
    const acknowledged = told('{"soil_moisture":0.31,"seq":1}');
    makeRoom('filler');
    await acknowledged;
    await vi.waitFor(async () => {
      expect(await readyz()).toBe(200);
      const { readings } = await farm.get('/api/readings?device=soil-a1');
      expect(readings).toContainEqual(expect.objectContaining({ metric: 'soil_moisture', value: 0.31 }));
    }, 10_000);
  },
);
