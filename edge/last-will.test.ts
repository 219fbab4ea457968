import { connectAsync } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { testFarm } from './gateway.suite.ts';

const DEVICE = 'probe9';

let farm: Awaited<ReturnType<typeof testFarm>>;
beforeEach(async () => {
  farm = await testFarm();
});
afterEach(() => farm.close());

interface Shown {
  readonly id: string;
  readonly online: boolean | null;
}

const shown = async (path: '/api/live' | '/api/devices'): Promise<boolean | null | undefined> =>
  (await farm.get(path)).devices.find(({ id }: Shown) => id === DEVICE)?.online;
const until = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 20 });

// Each family says by its own last will that a device is gone.
describe.each([
  ['plain JSON', `nongtin/v1/${DEVICE}/status`, 'online', 'offline'],
  ['Tasmota', `tele/${DEVICE}/LWT`, 'Online', 'Offline'],
  ['ESPHome', `${DEVICE}/status`, 'online', 'offline'],
  ['Shelly', `${DEVICE}/online`, 'true', 'false'],
])('a device that speaks as %s', (_family, topic, online, offline) => {
  it('is shown as gone when its connection breaks, and as there when it is back', async () => {
    const said = await farm.follow();
    const join = () =>
      connectAsync(`mqtt://127.0.0.1:${farm.gateway().ports.mqttPort}`, {
        ...{ clientId: DEVICE, username: DEVICE, password: farm.secrets.devices[DEVICE] ?? '' },
        ...{ reconnectPeriod: 0, will: { topic, payload: Buffer.from(offline), qos: 1, retain: true } },
      });
    const first = await join();
    await first.publishAsync(topic, online, { qos: 1, retain: true });
    await until(async () => expect(await shown('/api/live')).toBe(true));
    await until(async () => expect(await shown('/api/devices')).toBe(true));
    first.stream.destroy();
    await until(async () => expect(await shown('/api/live')).toBe(false));
    expect(await shown('/api/devices')).toBe(false);
    // What an open page is told, without asking.
    await until(() => expect(said()).toContain(`"id":"${DEVICE}","online":false`));

    const second = await join();
    await second.publishAsync(topic, online, { qos: 1, retain: true });
    await until(async () => expect(await shown('/api/live')).toBe(true));
    await second.endAsync(true);
    await first.endAsync(true);
  });
});
