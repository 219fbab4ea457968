import { readFileSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { openAuthority } from '@nongtin/broker';
import { connectAsync } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { isMosquittoHere, Mosquitto } from '../broker/testing/mosquitto.ts';
import { testFarm } from './gateway.suite.ts';
import { killSeed, killStory, wrongNumbers } from './kill.suite.ts';

let mosquitto: Mosquitto | undefined;
let farm: Awaited<ReturnType<typeof testFarm>> | undefined;
afterEach(async () => {
  await farm?.close();
  await mosquitto?.remove();
  farm = undefined;
  mosquitto = undefined;
});

/** Until it holds; what the gateway answers changes by itself. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

it.each([
  [{ NONGTIN_MQTT_BROKER_URL: 'mqtt://probe9:hunter2@127.0.0.1' }, /signs in as probe9, which is a device/],
  [
    { NONGTIN_MQTT_BROKER_URL: 'mqtts://127.0.0.1', NONGTIN_MQTT_BROKER_CA: '/nowhere/ca.pem' },
    /NONGTIN_MQTT_BROKER_CA names \/nowhere\/ca.pem, and there is no such file/,
  ],
  [
    { NONGTIN_UPLINK_URL: 'mqtts://127.0.0.1', NONGTIN_UPLINK_CA: import.meta.filename },
    /NONGTIN_UPLINK_CA names .*, which holds no certificate/,
  ],
])(
  'a gateway with %j says what is wrong, and does not start',
  async (env: Record<string, string>, expected) => {
    farm = await testFarm();
    await farm.gateway().stop();
    await expect(farm.build(env).start()).rejects.toThrow(expected);
  },
);

it('a gateway whose broker is elsewhere tells devices its host and port, and whom to trust', async () => {
  farm = await testFarm({ NONGTIN_MQTT_BROKER_URL: 'mqtt://broker.invalid:1884' });
  expect(await farm.get('/api/tls')).toMatchObject({
    ...{ host: 'broker.invalid', mqttPort: 1884, tlsPort: null, authority: null },
  });
  await farm.gateway().stop();
  const theirs = openAuthority({ folder: join(farm.dataDir, 'theirs'), clock: { nowMs: Date.now } });
  const { cert: authority } = await theirs.serverCredentials(['broker.invalid']);
  const ca = join(farm.dataDir, 'ca.pem');
  writeFileSync(ca, authority);
  await farm.restart({ NONGTIN_MQTT_BROKER_URL: 'mqtts://[fd00::5]', NONGTIN_MQTT_BROKER_CA: ca });
  expect(await farm.get('/api/tls')).toMatchObject({
    ...{ host: 'fd00::5', mqttPort: null, tlsPort: 8883, authority },
  });
});

it('a gateway whose plain door is for itself alone tells devices no port of it', async () => {
  farm = await testFarm({ NONGTIN_HOST: '0.0.0.0', NONGTIN_MQTT_HOST: '127.0.0.1' });
  expect(await farm.get('/api/tls')).toMatchObject({ host: null, mqttPort: null });
});

describe.skipIf(!isMosquittoHere)(
  'a gateway whose devices speak to Mosquitto (left out where there is none)',
  () => {
    /** A gateway that does not reach its broker yet, and a Mosquitto that is not started. */
    const prepared = async () => {
      const peer = await Mosquitto.prepare();
      mosquitto = peer;
      const opened = await testFarm({ NONGTIN_MQTT_BROKER_URL: `mqtt://127.0.0.1:${peer.port}` });
      farm = opened;
      const files = join(opened.dataDir, 'gateway', 'mosquitto');
      return {
        farm: opened,
        peer,
        files,
        /** As the operator's path unit does: copies the files, and has them read. */
        give: () => cp(files, peer.folder, { recursive: true }).then(() => peer.adapt()),
        isReached: async () => (await opened.get('/api/live')).externalBroker.connected === true,
        signIn: (username: string, password: string) =>
          connectAsync(`mqtt://127.0.0.1:${peer.port}`, { username, password, reconnectPeriod: 0 }),
      };
    };

    it('starts without it and says so, then reads, waters and tells as with its own', async () => {
      const { farm: gateway, peer, give, isReached, signIn } = await prepared();
      expect(gateway.gateway().ports.mqttPort).toBe(0);
      // Where devices reach it: by an address of this machine, which the URL does not say.
      expect(await gateway.get('/api/tls')).toMatchObject({
        ...{ host: null, mqttPort: peer.port, tlsPort: null, webSocketPort: null, authority: null },
      });
      const ready = await gateway.get('/readyz');
      expect(ready).toMatchObject({ ready: true, broker: { external: true, reached: false } });
      expect((await gateway.get('/api/live')).externalBroker).toMatchObject({
        ...{ connected: false, url: `mqtt://127.0.0.1:${peer.port}` },
      });
      await give();
      await peer.start();
      await until(isReached);
      expect((await gateway.get('/readyz')).broker).toMatchObject({ reached: true, problem: null });

      const { devices } = gateway.secrets;
      const probe = await signIn('probe9', devices.probe9 ?? '');
      await probe.publishAsync('nongtin/v1/probe9/readings', '{"soil_moisture":0.23}', { qos: 1 });
      await until(async () => (await gateway.get('/api/readings?device=probe9')).readings.length > 0);

      const valve = await signIn('valve-a1', devices['valve-a1'] ?? '');
      const told = new Promise<string>((resolve) =>
        valve.on('message', (_topic, payload) => resolve(JSON.parse(payload.toString()).action)),
      );
      await valve.subscribeAsync('nongtin/v1/valve-a1/valve/command', { qos: 1 });
      // After a start every valve is closed first, again and again until it answers; at once when it is back.
      await valve.publishAsync('nongtin/v1/valve-a1/status', 'online', { qos: 1, retain: true });
      expect(await told).toBe('close');
      await Promise.all([probe.endAsync(), valve.endAsync()]);
    });

    it('says since when it is away when it was killed, and goes on with what it had kept', async () => {
      const { farm: gateway, peer, give, isReached, signIn } = await prepared();
      await give();
      await peer.start();
      await until(isReached);
      await peer.end('SIGKILL');
      await until(async () => !(await isReached()));
      const { sinceMs, problem } = (await gateway.get('/readyz')).broker;
      expect([Math.abs(Date.now() - sinceMs) < 60_000, ['closed', 'unreachable'].includes(problem)]).toEqual([
        true,
        true,
      ]);
      await peer.start();
      await until(isReached);
      const probe = await signIn('probe9', gateway.secrets.devices.probe9 ?? '');
      await probe.publishAsync('nongtin/v1/probe9/readings', '{"soil_moisture":0.24}', { qos: 1 });
      await until(async () => (await gateway.get('/api/readings?device=probe9')).readings.length > 0);
      await probe.endAsync();
    });

    it('keeps Mosquitto’s files current when passwords change', async () => {
      const { farm: gateway, peer, files, give, isReached, signIn } = await prepared();
      await give();
      await peer.start();
      await until(isReached);
      const before = readFileSync(join(files, 'acl'), 'utf8');
      const { password } = (await (await gateway.post('/api/devices', { id: 'new-probe' })).json()) as {
        password: string;
      };
      await until(async () => readFileSync(join(files, 'acl'), 'utf8') !== before);
      await give();
      await peer.reload();
      const probe = await signIn('new-probe', password);
      await probe.publishAsync('nongtin/v1/new-probe/readings', '{"soil_moisture":0.3}', { qos: 1 });
      await until(async () => (await gateway.get('/api/readings?device=new-probe')).readings.length > 0);
      await probe.endAsync();
    });

    const seed = killSeed();
    it.each([
      ['by its own time', false],
      ['by packet id and DUP alone', true],
    ])(
      `loses nothing that Mosquitto took, and knows %s what comes again, when the gateway is killed (seed ${seed})`,
      async (_by, timeless) => {
        const peer = await Mosquitto.prepare();
        mosquitto = peer;
        const elsewhere = {
          port: peer.port,
          start: async (folder: string) => {
            await cp(folder, peer.folder, { recursive: true });
            await peer.adapt();
            await peer.start();
          },
        };
        const story = await killStory({ kills: 2, seed, elsewhere, timeless });
        expect(wrongNumbers(story)).toEqual({ lost: [], repeated: [] });
        expect(story.acknowledged.size).toBeGreaterThan(200);
      },
      120_000,
    );
  },
);
