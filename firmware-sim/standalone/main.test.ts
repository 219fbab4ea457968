import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { connect } from 'mqtt';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isMosquittoHere, Mosquitto } from '../../broker/testing/mosquitto.ts';
import { TestBroker } from '../links/test-broker.suite.ts';

const MAIN = join(import.meta.dirname, '../main.ts');

function sim(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, NONGTIN_LOG: 'json' } });
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  onTestFinished(() => {
    if (child.exitCode === null) child.kill('SIGKILL');
  });
  return { child, said: () => said };
}

async function end(child: ChildProcess, signal?: NodeJS.Signals): Promise<number | null> {
  const exit = once(child, 'exit');
  if (signal !== undefined) child.kill(signal);
  const [code] = await exit;
  return code;
}

describe('the command', () => {
  test('lists its scenarios and describes one', async () => {
    const list = sim('--list');
    expect(await end(list.child)).toBe(0);
    expect(list.said()).toContain('burst-pipe');
    const one = sim('--describe', 'burst-pipe');
    expect(await end(one.child)).toBe(0);
    expect(one.said()).toMatch(/\+15 min to the end: pipe-burst at n1 litresPerMinute=70/);
  });

  test.each(['--help', '-h'])('%s says what every option does', async (option) => {
    const { child, said } = sim(option);
    expect(await end(child)).toBe(0);
    const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
    for (const [, name = ''] of readme.matchAll(/^\| `(--[a-z]+)/gm)) expect(said()).toContain(name);
  });

  test.each([
    [['--scenario', 'nix'], 'scenario must be one of burst-pipe'],
    [['--describe', '/nowhere.json'], 'cannot be read'],
    [['--sped', '1'], '--scenario NAME'],
  ])('refuses %j with a sentence', async (args, sentence) => {
    const { child, said } = sim(...args);
    expect(await end(child)).toBe(1);
    expect(said()).toContain(sentence);
    expect(said()).not.toContain('    at ');
  });

  test('ends with the scenario, and says by its exit code that something came otherwise', async () => {
    const broker = new TestBroker();
    await broker.start();
    onTestFinished(() => broker.stop());
    const folder = mkdtempSync(join(tmpdir(), 'nongtin-sim-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'mine.json');
    const mine = {
      ...{
        format: 'nongtin-scenario-1',
        name: 'mine',
        title: { vi: 'Của tôi', en: 'Mine' },
        farm: 'two-zones',
      },
      ...{ start: '2026-02-10T05:00:00+07:00', length: 'PT1H', speed: 3600, faults: [] },
      expect: { starts: { n1: [1, 1] } },
    };
    writeFileSync(path, JSON.stringify(mine));
    const { child, said } = sim('--scenario', path, '--broker', broker.url, '--exit');
    expect(await end(child)).toBe(1);
    expect(said()).toContain('not as expected: zone n1 was opened 0 times, not 1 to 1');
  });

  test('runs a scenario without any password, says what will fail, and writes the truth', async () => {
    const broker = new TestBroker();
    await broker.start();
    onTestFinished(() => broker.stop());
    const folder = mkdtempSync(join(tmpdir(), 'nongtin-sim-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const truthPath = join(folder, 'truth.json');
    const args = ['--scenario', 'stuck-open', '--broker', broker.url, '--speed', '600', '--truth', truthPath];
    const { child, said } = sim(...args);
    await broker.until(() => broker.json('nongtin/v1/soil-n1/readings').length >= 1);
    broker.publish('nongtin/v1/valve-n1/valve/command', { id: 'a', action: 'open', durationSeconds: 1_800 });
    // The valve sticks ten minutes after the start: a second at this speed. Three more, and its lease is over.
    const stuck = () =>
      broker.json('nongtin/v1/valve-n1/valve/state').find(({ cause }) => cause === 'lease_ended');
    expect(await broker.until(stuck)).toMatchObject({ state: 'open' });
    expect(await end(child, 'SIGTERM')).toBe(0);
    expect(said()).toContain('+10 min for 12 h: valve-stuck-open at valve-n1');
    expect(said()).toContain('fault begins');
    const truth = JSON.parse(readFileSync(truthPath, 'utf8'));
    expect(truth.zones.n1.longestOpenSeconds).toBeGreaterThan(1_700);
    expect(truth.events[0]).toMatchObject({ what: 'valve', id: 'n1', isOn: true });
  });
});

describe.runIf(isMosquittoHere)('with a real Mosquitto', () => {
  test('devices of four families speak with one login, and obey', async () => {
    const mosquitto = await Mosquitto.prepare();
    onTestFinished(() => mosquitto.remove());
    await mosquitto.start('allow_anonymous true');
    const url = `mqtt://127.0.0.1:${mosquitto.port}`;
    const client = connect(url);
    onTestFinished(() => client.endAsync(true).then(() => {}));
    const heard = new Map<string, string[]>();
    const waiting = new Set<() => void>();
    client.on('message', (topic, payload) => {
      heard.set(topic, [...(heard.get(topic) ?? []), payload.toString()]);
      for (const look of waiting) look();
    });
    await client.subscribeAsync('#');
    const until = (topic: string, text: RegExp) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = () => {
        if (heard.get(topic)?.some((one) => text.test(one))) resolve();
      };
      waiting.add(look);
      look();
      return promise.finally(() => waiting.delete(look));
    };
    const login = ['--username', 'sim', '--password', 'secret'];
    const { child, said } = sim('--scenario', 'four-families', '--broker', url, '--speed', '60', ...login);
    await until('tele/pump_house/LWT', /^Online$/);
    await until('valve-shelly/online', /^true$/);
    await until('zigbee2mqtt/bridge/state', /online/);
    await client.publishAsync('cmnd/pump_house/Backlog0', 'PulseTime1 160;Power1 ON');
    const call = { id: 1, src: 'gw', method: 'Switch.Set', params: { id: 0, on: true, toggle_after: 60 } };
    await client.publishAsync('valve-shelly/rpc', JSON.stringify(call));
    await client.publishAsync('zigbee2mqtt/valve-zigbee/set', JSON.stringify({ state: 'ON', on_time: 60 }));
    await until('stat/pump_house/POWER1', /^ON$/);
    await until('gw/rpc', /"was_on":false/);
    await until('valve-shelly/events/rpc', /"output":false,"source":"timer"/);
    await until('stat/pump_house/POWER1', /^OFF$/);
    await until('zigbee2mqtt/valve-zigbee', /"state":"OFF"/);
    await until('application/0fbb6b8e-0b1a-4f2a-9d57-6a2d0b7d4d01/device/24e124460b000001/event/up', /UC511/);
    expect(await end(child, 'SIGTERM')).toBe(0);
    expect(said()).not.toContain('secret');
    await until('tele/pump_house/LWT', /^Offline$/);
  });
});
