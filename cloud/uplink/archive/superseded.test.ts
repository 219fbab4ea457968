import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { TestGateway } from '../../testing/gateway.ts';
import type { EntryStore } from '../entry-store.ts';
import { objectsIn, openArchives } from './archive.suite.ts';
import { DAY_MS, linesOf, packAll, packerOn, rowsOf, SWEPT_AT, send, wrapped } from './packer.suite.ts';

const { onFolder, onBucket } = openArchives();

/** Three messages, each in an object of its own. */
async function fill(store: EntryStore, id = 'gw-a'): Promise<void> {
  await store.open();
  await send(store, new TestGateway(id), [['a'], ['b'], ['c']]);
}

describe('objects that no row names any more', () => {
  it('stay for a week, and then go', async () => {
    const { store, folder, ...site } = await onFolder(false);
    await fill(store);
    const packer = packerOn(site);
    expect(await packer.sweepOnce(SWEPT_AT)).toBe(false);
    await packAll(packer);
    expect(await packer.sweepOnce(SWEPT_AT - 1)).toBe(false);
    expect(objectsIn(folder).length).toBe(4);
    const lines = await linesOf(site);
    expect(await packer.sweepOnce(SWEPT_AT)).toBe(true);
    expect(await packer.sweepOnce(SWEPT_AT)).toBe(false);
    expect(objectsIn(folder)).toEqual([join(folder, (await rowsOf(site))[0]?.object ?? '')]);
    expect(await linesOf(site)).toEqual(lines);
    expect(packer.figures().objectsDeleted).toBe(3);
    await site.remove();
  });

  it('go from a bucket too, page by page, however many delete them', async () => {
    const { store, bucket, ...site } = await onBucket();
    await fill(store);
    const packers = [packerOn(site), packerOn(site)];
    await packAll(packerOn(site));
    await Promise.all(packers.map((packer) => packer.sweepOnce(SWEPT_AT)));
    expect([...bucket.objects.keys()].map((path) => path.replace('/farm-entries/archive/', ''))).toEqual([
      'README.txt',
      (await rowsOf(site))[0]?.object,
    ]);
    await site.remove();
  });

  it('are the only ones to go: not what a row names, and nothing of another name', async () => {
    const { store, folder, ...site } = await onFolder(false);
    await fill(store);
    const lines = await linesOf(site);
    await fill(store, 'gw-damaged');
    const [held] = (await rowsOf(site)).filter(({ gateway_id }) => gateway_id === 'gw-damaged').reverse();
    const [first] = (await rowsOf(site)).filter(({ gateway_id }) => gateway_id === 'gw-damaged');
    rmSync(join(folder, first?.object ?? ''));
    const foreign = ['notes.txt', `${'0'.repeat(40)}.jsonl.zst.1f.new`, `${'0'.repeat(39)}.jsonl.zst`];
    const day = join(folder, '2026/11/22');
    for (const name of foreign) writeFileSync(join(day, name), 'of somebody');
    // Of processes that died before their transaction: sent again since, or not yet; and one that is broken.
    const again = zstdCompressSync(lines.map((line) => `${line}\n`).join(''));
    const unknown = zstdCompressSync(`${lines[2]?.replace('"number":3', '"number":4')}\n`);
    const stray = [again, Buffer.concat([again, unknown]), Buffer.from('broken')];
    const nameOf = (digit: number) => `2026/11/22/${String(digit).repeat(40)}.jsonl.zst`;
    for (const [digit, bytes] of stray.entries()) await site.objects.put(nameOf(digit), bytes);
    const packer = packerOn(site);
    await packAll(packer);
    await packer.sweepOnce(SWEPT_AT);
    const named = (await rowsOf(site)).map(({ object }) => object);
    expect(named).toContain(held?.object);
    const left: string[] = [];
    for await (const page of site.objects.list('2026/11/22')) left.push(...page);
    const day22 = named.filter((name) => name.startsWith('2026/11/22') && name !== first?.object);
    const others = foreign.map((name) => `2026/11/22/${name}`);
    expect(left.sort()).toEqual([...day22, ...others, nameOf(1), nameOf(2)].sort());
    expect(packer.figures().objectsDeleted).toBe(4);
    await site.remove();
  });

  it('of a day that another one changed since wait for a week anew', async () => {
    const { store, folder, ...site } = await onFolder(false);
    await fill(store);
    await packAll(packerOn(site));
    await fill(store, 'gw-of-a-slow-worker');
    await packAll(packerOn(site), SWEPT_AT - 1);
    expect(await packerOn(site).sweepOnce(SWEPT_AT)).toBe(false);
    expect(await packerOn(site).sweepOnce(SWEPT_AT + 7 * DAY_MS)).toBe(true);
    expect(objectsIn(folder).length).toBe(2);
    await site.remove();
  });

  it('that may not be deleted are told once, and nothing fails', async () => {
    const { store, bucket, ...site } = await onBucket();
    await fill(store);
    const packer = packerOn(site);
    await packAll(packer);
    bucket.fail(403, 'DELETE');
    expect(await packer.sweepOnce(SWEPT_AT)).toBe(true);
    expect(await packer.sweepOnce(SWEPT_AT)).toBe(false);
    expect(packer.figures()).toMatchObject({ objectsDeleted: 0, failing: 0, failingSinceMs: undefined });
    expect(bucket.objects.size).toBe(5);
    await site.remove();
  });

  it('are left to the next process when one stops in the midst of it', async () => {
    const { store, bucket, ...site } = await onBucket();
    await fill(store);
    await packAll(packerOn(site));
    const stopping = packerOn(site);
    await stopping.stop();
    // The bucket lists two names a page.
    await stopping.sweepOnce(SWEPT_AT);
    expect(bucket.objects.size).toBe(3);
    await packerOn(site).sweepOnce(SWEPT_AT + 60 * 60_000);
    expect(bucket.objects.size).toBe(2);
    await site.remove();
  });

  it('are deleted an hour later when the first try failed, by whoever lives', async () => {
    const { store, bucket, ...site } = await onBucket();
    await fill(store);
    const packer = packerOn(site);
    await packAll(packer);
    let asked = 0;
    const dying = wrapped(site.objects, {
      delete: async (name) => {
        if (++asked > 1) throw new Error('the process died here');
        await site.objects.delete(name);
      },
    });
    await expect(packerOn({ ...site, objects: dying }).sweepOnce(SWEPT_AT)).rejects.toThrow('died');
    expect(await packer.sweepOnce(SWEPT_AT + 60_000)).toBe(false);
    expect(await packer.sweepOnce(SWEPT_AT + 60 * 60_000)).toBe(true);
    expect(bucket.objects.size).toBe(2);
    await site.remove();
  });
});
