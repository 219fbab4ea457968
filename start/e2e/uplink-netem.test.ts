import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '@nongtin/service';
import { afterEach, expect, it } from 'vitest';
import { missingForBadNetwork, openBadNetwork } from './bad-network.ts';
import { Cloud, daysOf, Gateway, projectedDays, storedEntries } from './cut-story.ts';

const BACKLOG = 300;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const missing = missingForBadNetwork();
// A kernel without netem is nobody's fault; a missing package in CI is.
const isSkipped = missing !== undefined && !(process.env.CI && missing === 'no iproute2');

// The report counts what is skipped and does not name it.
if (isSkipped) console.warn(`uplink over tc netem: skipped, ${missing}`);
it.skipIf(!isSkipped)(`uplink over tc netem: ${missing}`, ({ skip }) => skip(missing));

it.skipIf(isSkipped)(
  'over 64 kbit/s, 600 ms and 2 % loss, made by the kernel, the cloud comes to hold exactly what the gateway measured',
  async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'nongtin-netem-'));
    closers.push(() => rmSync(dataDir, { recursive: true, force: true }));
    const network = openBadNetwork();
    closers.push(() => network.remove());
    const [http = 0, uplink = 0] = await freePorts(2);
    const { namespace } = network.cloud;
    const cloud = new Cloud(dataDir, { http, uplink }, { namespace, address: network.cloudFromHere });
    const url = `mqtt://${network.cloud.address}:${uplink}`;
    const gateway = new Gateway(join(dataDir, 'gateway'), url, network.gateway.namespace);
    closers.push(() => Promise.all([gateway.kill(), cloud.kill()]));
    await cloud.start();
    await gateway.start();
    await cloud.register(gateway.told?.publicKey ?? '');
    await expect.poll(() => gateway.told?.lastNumber, { timeout: 60_000 }).toBeGreaterThan(BACKLOG);
    const entries = await gateway.finish();
    const { up, down } = network.carried();
    const progress = await cloud.finish(entries.length);
    const plain = ({ number, hash, payload, signature }: (typeof entries)[number]) => ({
      ...{ number, hash, payload, signature },
    });
    expect(storedEntries(dataDir).map(plain)).toEqual(entries.map(plain));
    expect(await projectedDays(dataDir)).toEqual(daysOf(entries));
    expect(progress).toMatchObject({ refusals: {}, forks: [], unprojected: 0, thinned: 0 });
    // It went over the bad link: each entry has a hash and a signature, which do not pack.
    expect(up).toBeGreaterThan(96 * entries.length);
    expect(down).toBeGreaterThan(0);
  },
  400_000,
);
