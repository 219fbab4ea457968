import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartProblem } from '@nongtin/service';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readConfig } from './config.ts';

describe('the configuration', () => {
  test('has defaults for a farm alone on this machine, in real time', () => {
    const defaults = {
      dataDir: './data',
      brokerUrl: 'mqtt://127.0.0.1:1883',
      speed: undefined,
      seed: undefined,
      scenario: undefined,
      logins: { kind: 'demo' },
      truthPath: undefined,
      exits: false,
      ask: undefined,
    };
    expect(readConfig({})).toEqual(defaults);
    // A variable that is set to nothing counts as not set.
    const names = ['NONGTIN_DATA_DIR', 'NONGTIN_BROKER_URL', 'NONGTIN_MQTT_PORT', 'NONGTIN_SPEED'];
    expect(readConfig(Object.fromEntries(names.map((name) => [name, ''])))).toEqual(defaults);
  });

  test('takes the environment, and options before it', () => {
    const env = { NONGTIN_DATA_DIR: '/tmp/farm', NONGTIN_MQTT_PORT: '2883', NONGTIN_SPEED: '60' };
    expect(readConfig(env)).toMatchObject({
      dataDir: '/tmp/farm',
      brokerUrl: 'mqtt://127.0.0.1:2883',
      speed: 60,
    });
    const args = ['--speed', '120', '--broker', 'mqtt://farm:1', '--seed=7'];
    expect(readConfig(env, args)).toMatchObject({ brokerUrl: 'mqtt://farm:1', speed: 120, seed: 7 });
  });

  test.each([
    [['--sped', '60'], '--speed N'],
    [['60'], '--speed N'],
    [['--speed'], '--speed N'],
    [['--speed', '0'], 'speed'],
    [['--speed', 'fast'], 'speed'],
    [['--seed', '1.5'], 'seed'],
    [['--broker', 'http://farm'], 'mqtt://host:port'],
    [['--broker', 'farm'], 'mqtt://host:port'],
    [['--username', 'sim'], '--password'],
    [['--password', 'x'], '--username'],
    [['--username', 'sim', '--password', 'x', '--passwords', 'file'], 'not both'],
    [['--passwords', '/nowhere.json'], '"password"'],
    [['--exit'], '--exit needs --scenario'],
  ])('refuses %j with one sentence', (args, hint) => {
    const read = () => readConfig({}, args);
    expect(read).toThrow(StartProblem);
    expect(read).toThrow(hint);
  });

  test('of a scenario: devices come without a password, with one for all, or each with its own', () => {
    const logins = (...more: string[]) => readConfig({}, ['--scenario', 'burst-pipe', ...more]).logins;
    expect(logins()).toEqual({ kind: 'anonymous' });
    expect(logins('--username', 'sim', '--password', 'x')).toEqual({
      kind: 'one',
      username: 'sim',
      password: 'x',
    });
    const secret = readConfig({ NONGTIN_SIM_PASSWORD: 'y' }, ['--username', 'sim']).logins;
    expect(secret).toEqual({ kind: 'one', username: 'sim', password: 'y' });
    const folder = mkdtempSync(join(tmpdir(), 'nongtin-sim-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'passwords.json');
    writeFileSync(path, JSON.stringify({ devices: { 'soil-n1': 'z' } }));
    expect(logins('--passwords', path)).toEqual({ kind: 'each', passwords: { 'soil-n1': 'z' } });
    writeFileSync(path, JSON.stringify({ 'soil-n1': 'z' }));
    expect(logins('--passwords', path)).toEqual({ kind: 'each', passwords: { 'soil-n1': 'z' } });
  });

  test('names a port that is none', () => {
    expect(() => readConfig({ NONGTIN_MQTT_PORT: 'x' })).toThrow('NONGTIN_MQTT_PORT');
  });
});
