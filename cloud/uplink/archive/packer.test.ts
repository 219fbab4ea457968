import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { TestGateway } from '../../testing/gateway.ts';
import { entryStoreSuite, receivedAtMs } from '../entry-store.suite.ts';
import type { EntryStore, StoredEntry } from '../entry-store.ts';
import { openArchives } from './archive.suite.ts';
import { ArchiveStore } from './archive-store.ts';
import { registerPackerMetrics } from './metrics.ts';
import type { Objects } from './objects.ts';
import {
  DAY_MS,
  damagesOf,
  dyingAt,
  linesOf,
  PACKED_AT,
  packAll,
  packerOn,
  rowsOf,
  type Site,
  send,
  wrapped,
} from './packer.suite.ts';
import type { Packer } from './packer.ts';

const { onFolder, onBucket, withServer } = openArchives();

/** An archive in which everything is packed as soon as it is there. */
function packedAtOnce<Made extends Site & { store: EntryStore; again(): EntryStore }>(made: Made): Made {
  const packer = packerOn(made);
  const packing = (store: EntryStore) => {
    const append = store.append.bind(store);
    store.append = async (...batch) => {
      await append(...batch);
      await packAll(packer);
    };
    return store;
  };
  return { ...made, store: packing(made.store), again: () => packing(made.again()) };
}

entryStoreSuite('a packed folder, indexed in PGlite', {
  make: async () => packedAtOnce(await onFolder(false)),
});
entryStoreSuite('a packed bucket', { make: async () => packedAtOnce(await onBucket()) });
if (withServer)
  entryStoreSuite('a packed folder, indexed in PostgreSQL', {
    make: async () => packedAtOnce(await onFolder(true)),
  });
it.skipIf(withServer)('a packed folder, indexed in PostgreSQL: not installed here', ({ skip }) => skip());

const left: Awaited<ReturnType<typeof onFolder>>[] = [];
afterEach(async () => {
  for (const { store, remove } of left.splice(0)) {
    await store.close();
    await remove();
  }
});

async function openFolder(server = false) {
  const made = await onFolder(server);
  left.push(made);
  await made.store.open();
  return made;
}

const three = [['a', 'b'], ['c'], ['d', 'e']];

describe('packing', () => {
  it('leaves a day alone until two hours after its end, then has one row name what many did', async () => {
    const { store, again, ...site } = await openFolder();
    const gateway = new TestGateway('gw-a');
    const sent = await send(store, gateway, three);
    const young = await send(store, gateway, [['of the next day']], PACKED_AT - 1);
    const before = await linesOf(site);
    const packer = packerOn(site);
    expect(await packer.packOnce(PACKED_AT - 1)).toBe(false);
    expect(await packer.packOnce(PACKED_AT)).toBe(true);
    expect(await packer.packOnce(PACKED_AT)).toBe(false);
    const [packed, ...others] = await rowsOf(site);
    expect(packed).toMatchObject({
      first_number: 1,
      last_number: 5,
      packed: true,
      received_at_ms: receivedAtMs,
    });
    expect(packed?.object).toMatch(/^2026\/11\/23\//);
    expect(packed?.chain.length).toBe(40);
    expect(others).toMatchObject([{ first_number: 6, packed: false }]);
    expect(await linesOf(site)).toEqual(before);
    expect(packer.figures()).toMatchObject({
      rowsReplaced: 3,
      rowsWritten: 1,
      objectsWritten: 1,
      failing: 0,
    });
    const later = again();
    expect(await later.read(gateway.id, 0, 9)).toEqual([...sent, ...young]);
    expect(await later.hashes(gateway.id, [2, 5, 6])).toEqual(
      new Map([sent[1], sent[4], young[0]].map((entry) => [entry?.number, entry?.hash])),
    );
  });

  it('keeps every line of every gateway, whatever was sent when and packed in between', async () => {
    const day = fc.integer({ min: 0, max: 3 });
    const payload = fc.string({ unit: 'binary', maxLength: 200 });
    const message = fc.record({
      gateway: fc.integer({ min: 0, max: 3 }),
      payloads: fc.array(payload, { minLength: 1, maxLength: 5 }),
    });
    const steps = fc.array(fc.oneof({ weight: 6, arbitrary: message }, { weight: 1, arbitrary: day }), {
      maxLength: 30,
    });
    const sizes = fc.record({
      frameBytes: fc.integer({ min: 1, max: 4_000 }),
      objectBytes: fc.integer({ min: 1, max: 4_000 }),
    });
    await fc.assert(
      fc.asyncProperty(steps, sizes, async (taken, size) => {
        const { store, again, ...site } = await openFolder();
        const gateways = Array.from({ length: 4 }, (_, n) => new TestGateway(`gw-${n}`));
        const sent = gateways.map((): StoredEntry[] => []);
        const packer = packerOn(site, size);
        let days = 0;
        for (const step of taken) {
          if (typeof step === 'number') {
            days += step;
            const before = await linesOf(site);
            await packAll(packer, PACKED_AT + days * DAY_MS);
            expect(await linesOf(site)).toEqual(before);
          } else {
            const gateway = gateways[step.gateway] as TestGateway;
            const entries = await send(store, gateway, [step.payloads], receivedAtMs + days * DAY_MS);
            sent[step.gateway]?.push(...entries);
          }
        }
        await packAll(packer, PACKED_AT + (days + 1) * DAY_MS);
        expect((await rowsOf(site)).every(({ packed }) => packed)).toBe(true);
        expect(packer.figures().failing).toBe(0);
        const later = again();
        for (const [index, { id }] of gateways.entries()) {
          const entries = sent[index] ?? [];
          expect(await later.read(id, 0, 1_000)).toEqual(entries);
          if (entries.length === 0) continue;
          const numbers = entries.map(({ number }) => number);
          expect(await later.hashes(id, numbers)).toEqual(
            new Map(entries.map(({ number, hash }) => [number, hash])),
          );
        }
      }),
      { numRuns: 12 },
    );
  });

  it('cuts frames between messages, and lets a gateway that goes over an object begin the next', async () => {
    const { store, ...site } = await openFolder();
    const gateways = ['gw-a', 'gw-b'].map((id) => new TestGateway(id));
    const message = ['x'.repeat(400), 'y'.repeat(400)];
    for (const gateway of gateways) await send(store, gateway, [message, message, message, message]);
    await packAll(packerOn(site, { frameBytes: 4_000, objectBytes: 500 }));
    const rows = await rowsOf(site);
    expect(rows.map(({ first_number, last_number }) => [first_number, last_number])).toEqual([
      ...[
        [1, 4],
        [5, 8],
      ],
      ...[
        [1, 4],
        [5, 8],
      ],
    ]);
    expect(new Set(rows.map(({ object }) => object)).size).toBeGreaterThan(1);
  });

  it('packs what came later the next time, and knows a resend of what is packed', async () => {
    const { store, again, ...site } = await openFolder();
    const gateway = new TestGateway('gw-a');
    const packer = packerOn(site);
    const early = await send(store, gateway, three);
    await packAll(packer);
    // Measured on the first day, but it was on its way until now.
    const late = await send(store, gateway, [['f', 'g']], PACKED_AT + 1);
    await packAll(packer, PACKED_AT + DAY_MS);
    const later = again();
    expect((await rowsOf(site)).map(({ last_number }) => last_number)).toEqual([5, 7]);
    expect(await later.read(gateway.id, 0, 9)).toEqual([...early, ...late]);
    expect([...(await later.hashes(gateway.id, [1, 7, 8])).keys()].sort()).toEqual([1, 7]);
    expect(await later.lastReceivedMs(gateway.id)).toBe(PACKED_AT + 1);
  });

  it('changes nothing by dying at any moment, and goes on afterwards', async () => {
    for (let step = 1, done = false; !done; step += 1) {
      const { store, again, ...site } = await openFolder();
      const gateways = ['gw-a', 'gw-b'].map((id) => new TestGateway(id));
      for (const gateway of gateways) await send(store, gateway, three);
      const before = await linesOf(site);
      const dying = packerOn(dyingAt(step, site));
      done = await dying.packOnce(PACKED_AT).then(
        () => dying.figures().failing === 0,
        () => false,
      );
      expect(await linesOf(site), `died at step ${step}`).toEqual(before);
      await packAll(packerOn(site));
      expect(await linesOf(site)).toEqual(before);
      expect((await rowsOf(site)).map(({ packed }) => packed)).toEqual([true, true]);
      for (const { id } of gateways) expect((await again().read(id, 0, 9)).length).toBe(5);
      expect(step, 'it ends').toBeLessThan(60);
    }
  });

  it('leaves what is damaged as it is, packs what comes before, and goes on when it is repaired', async () => {
    const { store, folder, ...site } = await openFolder();
    const [whole, hurt] = [new TestGateway('gw-whole'), new TestGateway('gw-hurt')];
    await send(store, whole, three);
    await send(store, hurt, three);
    const before = await linesOf(site);
    const { object = '' } = (await rowsOf(site))[1] ?? {};
    const path = `${folder}/${object}`;
    const bytes = readFileSync(path);
    const setLength = (byte_length: number) =>
      site.db.updateTable('entry_batches').set({ byte_length }).where('object', '=', object).execute();
    for (const { held, length } of damagesOf(bytes)) {
      if (held === undefined) rmSync(path);
      else writeFileSync(path, held);
      await setLength(length);
      const packer = packerOn(site);
      await packAll(packer);
      expect(packer.figures()).toMatchObject({ failing: 1, failingSinceMs: PACKED_AT });
      const rows = await rowsOf(site);
      expect(rows.map((row) => [row.gateway_id, row.last_number, row.packed])).toEqual([
        ...[
          ['gw-hurt', 2, true],
          ['gw-hurt', 3, false],
          ['gw-hurt', 5, false],
        ],
        ['gw-whole', 5, true],
      ]);
    }
    writeFileSync(path, bytes);
    await setLength(bytes.length);
    const packer = packerOn(site);
    await packAll(packer);
    expect(packer.figures().failing).toBe(0);
    expect((await rowsOf(site)).map(({ packed }) => packed)).toEqual([true, true, true]);
    expect(await linesOf(site)).toEqual(before);
  });

  it('tells what cannot be packed for long, and tries it again every hour', async () => {
    const { store, folder, ...site } = await openFolder();
    await send(store, new TestGateway('gw-a'), [['a']]);
    const path = `${folder}/${(await rowsOf(site))[0]?.object}`;
    const bytes = readFileSync(path);
    rmSync(path);
    let nowMs = PACKED_AT;
    const packer = packerOn(site, { clock: { nowMs: () => nowMs } });
    await packer.packOnce(nowMs);
    expect(packer.state()).toBe('ok');
    nowMs += 6 * 60 * 60_000;
    expect(packer.state()).toBe('packing fails since 2026-11-23T02:00:00.000Z, gateways: 1');
    const registry = new Registry();
    registerPackerMetrics(registry, packer);
    const figures = await registry.metrics();
    expect(figures).toContain('nongtin_archive_packing_failing_gateways 1');
    expect(figures).toContain(`nongtin_archive_packing_failing_since_seconds ${PACKED_AT / 1000}`);
    writeFileSync(path, bytes);
    expect(await packer.packOnce(PACKED_AT + 60_000)).toBe(false);
    expect(await packer.packOnce(nowMs)).toBe(true);
    expect(packer.state()).toBe('ok');
    expect(await registry.metrics()).toContain('nongtin_archive_rows_replaced_total 1');
  });

  it('goes on by itself until nothing is left, and tells what fails as a whole', async () => {
    const { store, ...site } = await openFolder();
    for (const id of ['gw-a', 'gw-b']) await send(store, new TestGateway(id), three);
    let nowMs = PACKED_AT;
    let isFull = true;
    const pauses: number[] = [];
    const states: string[] = [];
    const done = Promise.withResolvers<void>();
    const packer: Packer = packerOn(
      {
        ...site,
        objects: wrapped(site.objects, {
          put: async (...object) => {
            if (isFull) throw new Error('no space left on device');
            await site.objects.put(...object);
          },
        }),
      },
      {
        ...{ clock: { nowMs: () => nowMs }, objectBytes: 1 },
        pause: async (ms, signal) => {
          pauses.push(ms);
          states.push(packer.state());
          isFull = pauses.length < 3;
          nowMs += 6 * 60 * 60_000;
          if (pauses.length < 6) return;
          done.resolve();
          await once(signal, 'abort');
        },
      },
    );
    packer.start();
    await done.promise;
    await packer.stop();
    expect(states).toEqual([
      'ok',
      'ok',
      expect.stringMatching(/^packing fails since 2026-11-23T08/),
      'ok',
      'ok',
      'ok',
    ]);
    expect(pauses.map((ms) => ms === pauses[0])).toEqual([true, true, true, false, false, true]);
    expect((await rowsOf(site)).map(({ packed }) => packed)).toEqual([true, true]);
  });

  it('never has an object named that does not lie there as it was written', async () => {
    const { store, ...site } = await openFolder();
    await send(store, new TestGateway('gw-a'), three);
    const forgetful: Objects = wrapped(site.objects, {
      put: (name, bytes) =>
        site.objects.put(
          name,
          bytes.map((byte, at) => (at === 20 ? byte ^ 1 : byte)),
        ),
    });
    const packer = packerOn({ ...site, objects: forgetful });
    await expect(packer.packOnce(PACKED_AT)).rejects.toThrow(/is not what was written/);
    expect((await rowsOf(site)).map(({ packed }) => packed)).toEqual([false, false, false]);
  });

  it.each(['get', 'put'] as const)('stands back when another process packs during its %s', async (moment) => {
    const { store, ...site } = await openFolder();
    // More rows than are read at once.
    const sent = await send(store, new TestGateway('gw-a'), Array(300).fill(['a']));
    let other: Promise<void> | undefined;
    const overtaken = async () => {
      other ??= packAll(packerOn(site));
      await other;
    };
    const slow = wrapped(site.objects, {
      get: async (...range) => {
        if (moment === 'get') await overtaken();
        return site.objects.get(...range);
      },
      put: async (...object) => {
        if (moment === 'put') await overtaken();
        await site.objects.put(...object);
      },
    });
    const packer = packerOn({ ...site, objects: slow });
    await packAll(packer);
    expect(packer.figures()).toMatchObject({ rowsReplaced: 0, rowsWritten: 0, failing: 0 });
    expect((await rowsOf(site)).length).toBe(1);
    expect(await store.read('gw-a', 0, 1_000)).toEqual(sent);
  });

  it('takes nothing away from who is reading', async () => {
    const { store, again, ...site } = await openFolder();
    const gateway = new TestGateway('gw-a');
    const sent = await send(store, gateway, three);
    const packer = packerOn(site);
    const reader = new ArchiveStore(
      site.db,
      wrapped(site.objects, {
        get: async (...range) => {
          await packAll(packer);
          return site.objects.get(...range);
        },
      }),
    );
    expect(await reader.read(gateway.id, 0, 9)).toEqual(sent);
    expect((await rowsOf(site)).length).toBe(1);
    expect(await reader.read(gateway.id, 0, 9)).toEqual(sent);
  });
});

describe.skipIf(!withServer)('two packers on one archive', () => {
  it('replace every row once, while entries come in', async () => {
    const { store, again, ...site } = await openFolder(true);
    const gateways = Array.from({ length: 12 }, (_, n) => new TestGateway(`gw-${n}`));
    const sent = await Promise.all(gateways.map((gateway) => send(store, gateway, [...three, ...three])));
    const packers = [packerOn(site, { objectBytes: 3_000 }), packerOn(site, { objectBytes: 3_000 })];
    const [young] = await Promise.all([
      Promise.all(gateways.map((gateway) => send(store, gateway, three, PACKED_AT))),
      ...packers.map((packer) => packAll(packer)),
    ]);
    await packAll(packerOn(site));
    const rows = await rowsOf(site);
    expect(rows.filter(({ packed }) => packed).length).toBe(gateways.length);
    const replaced = packers.map((packer) => packer.figures().rowsReplaced);
    expect(replaced.reduce((sum, count) => sum + count, 0)).toBe(gateways.length * 6);
    const later = again();
    for (const [index, { id }] of gateways.entries())
      expect(await later.read(id, 0, 100)).toEqual([...(sent[index] ?? []), ...(young[index] ?? [])]);
  });
});
