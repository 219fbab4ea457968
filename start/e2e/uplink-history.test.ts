import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '@nongtin/service';
import { afterEach, expect, it } from 'vitest';
import { Cloud, Gateway, storedEntries } from './cut-story.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function both() {
  const dataDir = mkdtempSync(join(tmpdir(), 'nongtin-history-'));
  closers.push(() => rmSync(dataDir, { recursive: true, force: true }));
  const [http = 0, uplink = 0] = await freePorts(2);
  const cloud = new Cloud(dataDir, { http, uplink });
  const folder = join(dataDir, 'gateway');
  const gateway = new Gateway(folder, `mqtt://127.0.0.1:${uplink}`);
  closers.push(() => Promise.all([gateway.kill(), cloud.kill()]));
  await cloud.start();
  await gateway.start();
  await cloud.register(gateway.told?.publicKey ?? '');
  const carried = (least: number) =>
    expect.poll(() => gateway.told?.durableUpTo, { timeout: 60_000 }).toBeGreaterThan(least);
  return { dataDir, cloud, folder, gateway, carried };
}

it('shows a journal that was restored from an older copy as a fork, on both sides, and keeps the first history', async () => {
  const { dataDir, cloud, folder, gateway, carried } = await both();
  await carried(20);
  await gateway.kill();
  const copy = join(dataDir, 'older copy');
  cpSync(folder, copy, { recursive: true });
  await gateway.start();
  await carried(gateway.told?.lastNumber ?? 0);
  await gateway.kill();
  const first = storedEntries(dataDir);
  rmSync(folder, { recursive: true });
  cpSync(copy, folder, { recursive: true });

  await gateway.start();
  // It has fewer entries than the cloud at first, and others as soon as it has as many.
  await expect.poll(() => gateway.told?.lastRefusal?.kind, { timeout: 60_000 }).toBe('fork');
  const progress = await cloud.progress();
  expect(progress).toMatchObject({ refusing: { kind: 'fork' } });
  expect(progress).toHaveProperty('forks.0.number');
  const held = storedEntries(dataDir);
  expect(progress?.durableUpTo).toBe(held.length);
  expect(held.slice(0, first.length)).toEqual(first);
  expect(gateway.told?.durableUpTo).toBeLessThan(held.length);
}, 300_000);
