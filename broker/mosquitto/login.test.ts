import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openCredentials } from '../credentials.ts';
import { writeMosquittoFiles } from './files.ts';
import { lastGatewayLogin, openGatewayLogin } from './login.ts';
import { isMosquittoHashOf, mosquittoHash } from './password.ts';

let folder = '';
const path = () => join(folder, 'external-broker.json');
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nongtin-login-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('hashes a password as Mosquitto does', () => {
  // Made by `mosquitto_passwd` 2.0.11 of 'secret-a'.
  const line =
    '$7$101$Xc+jh20HJppZytM3$6asd1JJbEkYYIaVgqdR2RPJ+euDw3auAYQOFA3vLsqTZLVCRGrAXG0rVpZ5ZbpsYJ/nkQu5em19cyW93XDKrXA==';
  expect(mosquittoHash('secret-a', Buffer.from('Xc+jh20HJppZytM3', 'base64'))).toBe(line);
  expect([isMosquittoHashOf(line, 'secret-a'), isMosquittoHashOf(line, 'secret-b')]).toEqual([true, false]);
  expect(mosquittoHash('secret-a')).not.toBe(mosquittoHash('secret-a'));
});

it('has a log-in of its own, random and the same each time', () => {
  const first = openGatewayLogin(path(), undefined);
  expect(first.username).toBe('nongtin');
  expect(Buffer.from(first.password, 'base64url').length * 8).toBeGreaterThanOrEqual(128);
  expect(openGatewayLogin(path(), undefined)).toEqual(first);
  expect(lastGatewayLogin(path())).toMatchObject({ username: 'nongtin', mosquitto: first.mosquitto });
});

it('takes the one that a person gives, without keeping its password, and stays under its name with the broker', () => {
  const own = openGatewayLogin(path(), undefined);
  const given = openGatewayLogin(path(), { username: 'farm', password: 'hunter2' });
  expect(given).toMatchObject({ username: 'farm', password: 'hunter2', clientId: own.clientId });
  expect(readFileSync(path(), 'utf8')).not.toContain('hunter2');
  expect(openGatewayLogin(path(), { username: 'farm', password: 'hunter2' }).mosquitto).toBe(given.mosquitto);
  expect(openGatewayLogin(path(), { username: 'farm', password: 'other' }).mosquitto).not.toBe(
    given.mosquitto,
  );
  expect(openGatewayLogin(path(), undefined)).toMatchObject({ username: 'nongtin', clientId: own.clientId });
});

it.each(['a b', 'a:b', 'a\nuser root', '+', ''])(
  'refuses the name %j, which an access list could not hold',
  (username) => {
    expect(() => openGatewayLogin(path(), { username, password: 'x' })).toThrow(
      /NONGTIN_MQTT_BROKER_URL names a user/,
    );
  },
);

it('names those whose password is older than Mosquitto’s hashes, and leaves files alone that do not change', () => {
  const store = openCredentials({ path: join(folder, 'credentials.json') });
  store.issue('new-1', 'device');
  const login = { username: 'nongtin', mosquitto: mosquittoHash('x') };
  const older = {
    list: () => [...store.list(), { id: 'old-1', role: 'device' as const }],
    mosquittoHashes: () => store.mosquittoHashes(),
  };
  const files = join(folder, 'mosquitto');
  expect(writeMosquittoFiles(files, older, login).without).toEqual(['old-1']);
  const passwords = readFileSync(join(files, 'passwords'), 'utf8');
  expect(passwords.split('\n').map((line) => line.split(':')[0])).toEqual(['nongtin', 'new-1', '']);
  store.issue('new-2', 'device');
  writeMosquittoFiles(files, store, login);
  expect(readFileSync(join(files, 'acl'), 'utf8')).toMatch(/^user new-2\n/m);
  expect(readFileSync(join(files, 'acl'), 'utf8')).not.toMatch(/old-1/);
});

it('gives the gateway’s name to no device, whatever password it has', () => {
  const store = openCredentials({ path: join(folder, 'credentials.json') });
  store.issue('farm', 'device');
  const login = { username: 'farm', mosquitto: mosquittoHash('x') };
  const files = join(folder, 'mosquitto');
  expect(writeMosquittoFiles(files, store, login).without).toEqual(['farm']);
  expect(readFileSync(join(files, 'passwords'), 'utf8')).toBe(`farm:${login.mosquitto}\n`);
  expect(readFileSync(join(files, 'acl'), 'utf8').match(/^user farm$/gm)).toHaveLength(1);
});
