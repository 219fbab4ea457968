import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartProblem } from '@nongtin/service';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCredentials, seedCredentials, withdrawCredentials } from './credentials.ts';

let folder = '';
const path = () => join(folder, 'credentials.json');
const forMosquitto = () => join(folder, 'credentials.mosquitto');
const open = () => openCredentials({ path: path() });
const bytes = (text: string) => Buffer.from(text);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nongtin-credentials-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a credential', () => {
  it('is known by its password only, now and after a restart', () => {
    const store = open();
    const password = store.issue('valve-1', 'device');
    for (const opened of [store, open()]) {
      expect(opened.verify('valve-1', bytes(password))).toEqual({ id: 'valve-1', role: 'device' });
      expect(opened.verify('valve-1', bytes(`${password} `))).toBeUndefined();
      expect(opened.verify('valve-1', bytes(''))).toBeUndefined();
      expect(opened.verify('valve-2', bytes(password))).toBeUndefined();
    }
  });

  it('is kept for Mosquitto whatever a power cut has left of another, and takes no room that grows', () => {
    const store = open();
    store.issue('valve-1', 'device');
    const [, whole = ''] = readFileSync(forMosquitto(), 'utf8').split('\n');
    appendFileSync(forMosquitto(), `\n${whole.slice(0, 90)}`);
    for (let times = 0; times < 150; times += 1) store.issue('valve-2', 'device', `password ${times}`);
    expect(open().mosquittoHashes()).toEqual(store.mosquittoHashes());
    expect([...store.mosquittoHashes().keys()]).toEqual(['valve-1', 'valve-2']);
    expect(readFileSync(forMosquitto(), 'utf8').split('\n')).toHaveLength(3);
    expect(statSync(forMosquitto()).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(path(), 'utf8')).credentials['valve-1']).toEqual({
      ...{ role: 'device', mac: expect.any(String) },
    });
  });

  it('has a new random password of at least 128 bits each time', () => {
    const store = open();
    const passwords = Array.from({ length: 20 }, (_, n) => store.issue(`d${n}`, 'device'));
    expect(new Set(passwords).size).toBe(20);
    for (const password of passwords)
      expect(Buffer.from(password, 'base64url').length * 8).toBeGreaterThanOrEqual(128);
  });

  it('is kept for Mosquitto too, anew with each password; an older one is not', () => {
    const store = open();
    let changes = 0;
    const stop = store.onChange(() => {
      changes += 1;
    });
    store.issue('valve-1', 'device', 'first');
    const first = store.mosquittoHashes().get('valve-1');
    store.issue('valve-1', 'device', 'second');
    expect(store.mosquittoHashes().get('valve-1')).toMatch(/^\$7\$/);
    expect(store.mosquittoHashes().get('valve-1')).not.toBe(first);
    expect(open().mosquittoHashes()).toEqual(store.mosquittoHashes());
    rmSync(forMosquitto());
    expect(open().mosquittoHashes().size).toBe(0);
    expect(open().verify('valve-1', bytes('second'))).toEqual({ id: 'valve-1', role: 'device' });
    store.revoke('valve-1');
    expect([changes, store.mosquittoHashes().size]).toEqual([3, 0]);
    stop();
    store.issue('valve-2', 'device');
    expect(changes).toBe(3);
  });

  it('is known by no other bytes than its password', () => {
    const store = open();
    store.issue('valve-1', 'device', 'correct');
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.string().map(bytes)), (guess) => {
        const isRight = Buffer.from(guess).equals(bytes('correct'));
        expect(store.verify('valve-1', guess) !== undefined).toBe(isRight);
      }),
    );
  });

  it('knows no user that was not issued, whatever the name', () => {
    const store = open();
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor')),
        fc.string(),
        (name, password) => {
          expect(store.verify(name, bytes(password))).toBeUndefined();
        },
      ),
    );
  });

  it('is gone once revoked, and replaced once issued again', () => {
    const store = open();
    const first = store.issue('valve-1', 'device');
    const second = store.issue('valve-1', 'gateway');
    expect(store.verify('valve-1', bytes(first))).toBeUndefined();
    expect(store.verify('valve-1', bytes(second))).toEqual({ id: 'valve-1', role: 'gateway' });
    expect(store.revoke('valve-1')).toBe(true);
    expect(store.revoke('valve-1')).toBe(false);
    for (const opened of [store, open()]) expect(opened.verify('valve-1', bytes(second))).toBeUndefined();
    expect(store.list()).toEqual([]);
  });

  it('is not issued to what cannot be an identity, nor to the controller', () => {
    const store = open();
    for (const id of ['', 'a/b', '+', '$SYS', '__proto__'])
      expect(() => store.issue(id, 'device')).toThrow(RangeError);
    expect(() => store.issue('gw-1', 'controller')).toThrow(RangeError);
    expect(() => store.issue('valve-1', 'device', '')).toThrow(RangeError);
  });

  it('cannot be read from the file, which its owner alone can open', () => {
    const store = open();
    const password = store.issue('valve-1', 'device');
    expect(readFileSync(path(), 'utf8')).not.toContain(password);
    expect(statSync(path()).mode & 0o077).toBe(0);
    expect(statSync(join(folder, 'credentials.key.json')).mode & 0o077).toBe(0);
  });

  it('is checked a thousand times in milliseconds', () => {
    const store = open();
    const password = bytes(store.issue('valve-1', 'device'));
    const began = performance.now();
    for (let n = 0; n < 1_000; n += 1) store.verify('valve-1', password);
    expect(performance.now() - began).toBeLessThan(500);
  });
});

describe('the file of credentials', () => {
  it('stops the start when it is half-written', () => {
    open().issue('valve-1', 'device');
    writeFileSync(path(), readFileSync(path(), 'utf8').slice(0, 40));
    expect(open).toThrow(StartProblem);
  });

  it('takes given passwords in and leaves the others alone', () => {
    const store = open();
    const own = store.issue('valve-9', 'device');
    seedCredentials(store, { 'valve-1': 'one', 'valve-2': 'two' });
    const before = statSync(path(), { bigint: true }).mtimeNs;
    seedCredentials(store, { 'valve-1': 'one', 'valve-2': 'two' });
    expect(statSync(path(), { bigint: true }).mtimeNs).toBe(before);
    expect(store.verify('valve-2', bytes('two'))).toEqual({ id: 'valve-2', role: 'device' });
    expect(store.verify('valve-9', bytes(own))).toBeDefined();
  });

  it('does not let back in what a person has revoked or given another password, when it is seeded again', () => {
    const given = { 'valve-1': 'one', 'valve-2': 'two' };
    seedCredentials(open(), given);
    const store = open();
    store.revoke('valve-1');
    const own = store.issue('valve-2', 'device');
    seedCredentials(open(), given);
    expect(open().verify('valve-1', bytes('one'))).toBeUndefined();
    expect(open().verify('valve-2', bytes('two'))).toBeUndefined();
    expect(open().verify('valve-2', bytes(own))).toBeDefined();
    open().issue('valve-1', 'device', 'new');
    expect(open().verify('valve-1', bytes('new'))).toBeDefined();
  });

  it('takes withdrawn passwords in again', () => {
    const given = { 'valve-1': 'one' };
    seedCredentials(open(), given);
    withdrawCredentials(open(), given);
    seedCredentials(open(), given);
    expect(open().verify('valve-1', bytes('one'))).toBeDefined();
  });

  it('loses given passwords again, but not those that were issued instead of them', () => {
    const given = { 'valve-1': 'one', 'valve-2': 'two', 'valve-3': 'three' };
    const store = open();
    seedCredentials(store, given);
    const own = store.issue('valve-2', 'device');
    withdrawCredentials(store, given);
    withdrawCredentials(store, given);
    expect(open().list()).toEqual([{ id: 'valve-2', role: 'device' }]);
    expect(open().verify('valve-2', bytes(own))).toBeDefined();
  });
});
