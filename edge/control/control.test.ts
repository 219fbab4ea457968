import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testFarm } from '../gateway.suite.ts';
import { localDoorPath } from './local-door.ts';

let farm: Awaited<ReturnType<typeof testFarm>>;
beforeAll(async () => {
  farm = await testFarm();
});
afterAll(() => farm.close());

/** As a person types it, on the farm's data folder unless another is named. */
async function nongtin(args: readonly string[], dataDir = farm.dataDir) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], {
    env: { PATH: process.env.PATH, NONGTIN_DATA_DIR: dataDir },
  });
  const closed = once(child, 'close');
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { out, err, code };
}

describe('npm run nongtin -- device', () => {
  it('adds a device that can sign in, replaces its password, and revokes it', async () => {
    const signIn = (password: string) =>
      connectAsync(`mqtt://127.0.0.1:${farm.gateway().ports.mqttPort}`, {
        ...{ username: 'soil-9', password, reconnectPeriod: 0 },
      }).then(
        (client) => client.endAsync().then(() => true),
        () => false,
      );
    const passwordIn = (out: string) => /^password {2}(\S+)$/m.exec(out)?.[1] ?? '';
    const first = await nongtin(['device', 'add', 'soil-9']);
    expect([first.code, first.err]).toEqual([0, '']);
    expect(first.out).toContain(
      `server    this machine\nport      ${farm.gateway().ports.mqttPort}\nuser      soil-9\npassword  `,
    );
    expect(await signIn(passwordIn(first.out))).toBe(true);
    expect((await nongtin(['device', 'list'])).out).toMatch(/^soil-9 +device +/m);
    const second = await nongtin(['device', 'rotate', 'soil-9']);
    expect(await signIn(passwordIn(first.out))).toBe(false);
    expect(await signIn(passwordIn(second.out))).toBe(true);
    expect((await nongtin(['device', 'revoke', 'soil-9'])).code).toBe(0);
    expect(await signIn(passwordIn(second.out))).toBe(false);
  });

  it.each([
    [[], /device, gateway, plot, zone or mosquitto is expected\nUsage/],
    [['mosquitto'], /mosquitto config DIR is expected\nUsage/],
    [['mosquitto', 'config'], /into which folder\? mosquitto config DIR\nUsage/],
    [['gateway', 'enrol'], /which claim\? enrol CODE-OR-LINK\nUsage/],
    [['gateway', 'paint'], /enrol or status is expected\nUsage/],
    [['gateway', 'enrol', '1234'], /^This is no claim code/],
    [['gateway', 'enrol', 'http://192.0.2.1/console#claim=00000-00000-00000'], /^Over http everybody/],
    [['gateway', 'enrol', '00000-00000-00000'], /^Where is the cloud\?/],
    [['device', 'add'], /which device\? add ID\nUsage/],
    [
      ['device', 'paint', 'x'],
      /add, list, found, place, rename, replace, rotate, retire or revoke is expected\nUsage/,
    ],
    [['device', 'add', 'x', '--colour', 'red'], /Unknown option '--colour'.*\nUsage/s],
    [['device', 'add', 'a b'], /id/],
    [['device', 'add', 'x', '--role', 'controller'], /role/],
    [['device', 'rotate', 'nobody'], /^There is no device 'nobody'\.$/m],
  ])('says what is wrong with %j', async (args, expected) => {
    const { out, err, code } = await nongtin(args);
    expect([out, code]).toEqual(['', 1]);
    expect(err).toMatch(expected);
  });

  it('says so when no gateway runs there', async () => {
    const { err, code } = await nongtin(['device', 'list'], join(farm.dataDir, 'elsewhere'));
    expect(code).toBe(1);
    expect(err).toMatch(/^No gateway runs on .*elsewhere \(ENOENT\): start it, or name its folder/);
  });
});

describe('npm run nongtin -- plot, zone and device place', () => {
  it('sets up a zone, shows what was found, and gives it its place', async () => {
    const plot = await nongtin(['plot', 'add', 'Lô Tây', '--crop', 'xoài', '--hectares', '0.3']);
    expect([plot.err, plot.out]).toEqual(['', 'Plot added. Its id is lo-tay.\n']);
    expect((await nongtin(['zone', 'add', 'lo-tay', 'Khu bờ ao'])).out).toMatch(/Its id is khu-bo-ao/);
    const password = /^password {2}(\S+)$/m.exec((await nongtin(['device', 'add', 'dat-7'])).out)?.[1] ?? '';
    const client = await connectAsync(`mqtt://127.0.0.1:${farm.gateway().ports.mqttPort}`, {
      ...{ username: 'dat-7', password, reconnectPeriod: 0 },
    });
    await client.publishAsync('nongtin/v1/dat-7/readings', '{"soil_moisture":0.3}', { qos: 1 });
    await client.endAsync();
    expect((await nongtin(['device', 'found'])).out).toMatch(
      /^dat-7 {2}plain-json\n {4}soil_moisture {2}0.3 m³\/m³$/m,
    );
    const place = ['device', 'place', 'dat-7', '--role', 'soil_probe', '--zone', 'khu-bo-ao'];
    expect((await nongtin(place)).out).toBe('dat-7 has its place.\n');
    expect((await nongtin(['zone', 'list'])).out).toMatch(/khu-bo-ao {2}Khu bờ ao {2}valve – {2}probe dat-7/);
    expect((await nongtin(['zone', 'test', 'khu-bo-ao'])).err).toMatch(/There is no such zone with a valve/);
  });

  it.each([
    [['device', 'place', 'x'], /--role soil_probe, valve, .* is expected\nUsage/],
    [['plot', 'add', 'x', '--crop', 'y', '--hectares', 'z'], /--hectares must be a number, not 'z'\nUsage/],
    [['zone', 'add', 'x'], /zone add PLOT NAME is expected\nUsage/],
    [['device', 'retire', 'ghost'], /^'ghost' has no place on the farm\.$/m],
  ])('says what is wrong with %j', async (args, expected) => {
    expect((await nongtin(args)).err).toMatch(expected);
  });
});

describe('npm run nongtin -- mosquitto config', () => {
  it('writes what Mosquitto needs, whether a gateway runs there or not, and shows no password', async () => {
    const folder = join(farm.dataDir, 'for-mosquitto');
    const { out, err, code } = await nongtin(['mosquitto', 'config', folder]);
    expect([err, code]).toEqual(['', 0]);
    expect(out).toMatch(/nongtin\.conf, passwords, acl; log-ins: \d+, and the gateway's own, nongtin\n/);
    expect(readdirSync(folder).sort()).toEqual(['acl', 'nongtin.conf', 'passwords']);
    expect(readFileSync(join(folder, 'passwords'), 'utf8')).toMatch(/^nongtin:\$7\$/);
    const login = JSON.parse(readFileSync(join(farm.dataDir, 'gateway', 'external-broker.json'), 'utf8'));
    expect(out).not.toContain(login.password);
  });

  it('says so when no gateway has ever run there', async () => {
    const { err, code } = await nongtin(
      ['mosquitto', 'config', farm.dataDir],
      join(farm.dataDir, 'elsewhere'),
    );
    expect(code).toBe(1);
    expect(err).toMatch(/^No gateway has run on .*elsewhere: start it once/);
  });
});

describe('the local door', () => {
  it('is its owner’s alone, and gone with the gateway', async () => {
    const path = localDoorPath(farm.dataDir);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await farm.gateway().stop();
    expect((await nongtin(['device', 'list'])).err).toMatch(/^No gateway runs on /);
  });

  it('lets in no other site’s page, and no role beyond a technician’s', async () => {
    const again = farm.build();
    await again.start();
    const status = async (path: string, method = 'GET', headers = {}) => {
      const asked = request({ socketPath: localDoorPath(farm.dataDir), path, method, headers });
      asked.end();
      return new Promise((resolve) =>
        asked.once('response', (answer) => resolve(answer.resume().statusCode)),
      );
    };
    expect(await status('/api/devices')).toBe(200);
    expect(await status('/api/auth/list-sessions')).not.toBe(200);
    expect(await status('/api/devices/x/password', 'POST', { origin: 'http://evil.example' })).toBe(403);
    await again.stop();
  });
});
