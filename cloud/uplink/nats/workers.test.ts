import { entryHash, GENESIS_HASH } from '@nongtin/broker/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { TestGateway } from '../../testing/gateway.ts';
import { missingForSite, type Site, startSite } from './workers.suite.ts';

const missing = missingForSite();
const START = Date.UTC(2026, 10, 22);
let site: Site | undefined;
afterEach(async () => {
  await site?.remove();
  site = undefined;
});

/** Gateways with journals of two readings an entry. */
function gatewaysWith(count: number, entries: number): TestGateway[] {
  return Array.from({ length: count }, (_, n) => {
    const gateway = new TestGateway(`gw-${n}`);
    for (let entry = 0; entry < entries; entry += 1) {
      const at = START + entry * 60_000;
      gateway.readings(
        gateway.reading('soil', 'soil_moisture', 0.2 + entry / 1000, at),
        gateway.reading('soil', 'soil_temperature', 25, at),
      );
    }
    return gateway;
  });
}

async function expectEverything({ entries, records }: Site, gateways: readonly TestGateway[]): Promise<void> {
  for (const { id, journal } of gateways) {
    const held = await entries.read(id, 0, journal.length + 10);
    expect(held.map(({ number }) => number)).toEqual(journal.map(({ number }) => number));
    expect(held.map(({ hash }) => hash)).toEqual(journal.map((entry) => entryHash(entry, entry.payload)));
    expect(held[0]?.previousHash).toBe(GENESIS_HASH);
  }
  const readings = gateways.reduce((sum, { journal }) => sum + journal.length * 2, 0);
  const rows = () =>
    records.db.selectFrom('reading_days').select((row) => row.fn.sum<string>('count').as('n'));
  await expect
    .poll(async () => Number((await rows().executeTakeFirstOrThrow()).n), { timeout: 90_000 })
    .toBe(readings);
}

it.skipIf(missing === undefined || process.env.CI)(`workers: ${missing} is not installed here`, ({ skip }) =>
  skip(),
);

describe.skipIf(missing !== undefined && !process.env.CI)('workers', () => {
  it('share the gateways, and one killed in mid-run loses and doubles nothing', async () => {
    site = await startSite(1);
    const { records, senderOf, startWorker } = site;
    const gateways = gatewaysWith(12, 60);
    await site.register(gateways);
    const [first] = await Promise.all([startWorker(), startWorker()]);
    const senders = await Promise.all(
      gateways.map((gateway) => senderOf(gateway, { entriesPerMessage: 2, patienceMs: 2_000 })),
    );
    const sent = Promise.all(senders.map((sender) => sender.run()));
    const stored = () =>
      records.db.selectFrom('entry_heads').select((row) => row.fn.sum<string>('number').as('n'));
    await expect
      .poll(async () => Number((await stored().executeTakeFirst())?.n ?? 0), { timeout: 30_000, interval: 5 })
      .toBeGreaterThan(100);
    first.kill('SIGKILL');
    await sent;
    await expectEverything(site, gateways);
    expect(senders.flatMap(({ refusals }) => refusals)).toEqual([]);
  }, 120_000);

  it('refuse a gateway that is not registered or revoked, and tell it why', async () => {
    site = await startSite(1);
    const { records, senderOf, startWorker, register } = site;
    const [unknown, known] = gatewaysWith(2, 1) as [TestGateway, TestGateway];
    await register([known]);
    await records.db.updateTable('gateways').set({ revoked: true }).execute();
    await startWorker();
    for (const [gateway, reason] of [
      [unknown, 'gateway not registered'],
      [known, 'gateway revoked'],
    ] as const) {
      const sender = await senderOf(gateway, { entriesPerMessage: 1, patienceMs: 2_000 });
      const sent = sender.run();
      await expect.poll(() => sender.refusals, { timeout: 20_000 }).toContain(reason);
      await sender.stop();
      await sent;
    }
    expect(await site.entries.heads()).toEqual([]);
  }, 60_000);

  it('lose and double nothing when a server of three goes away', async () => {
    site = await startSite(3);
    const gateways = gatewaysWith(9, 80);
    await site.register(gateways);
    await Promise.all([site.startWorker(), site.startWorker()]);
    const { senderOf, entries, nats } = site;
    const options = { entriesPerMessage: 1, patienceMs: 3_000 };
    const senders = await Promise.all(gateways.map((gateway) => senderOf(gateway, options)));
    const sent = Promise.all(senders.map((sender) => sender.run()));
    const stored = async () => (await entries.heads()).reduce((sum, { number }) => sum + number, 0);
    await expect.poll(stored, { timeout: 60_000, interval: 10 }).toBeGreaterThan(100);
    await nats.kill(0);
    expect(await stored(), 'killed in mid-run').toBeLessThan(9 * 80);
    await sent;
    await expectEverything(site, gateways);
  }, 240_000);
});
