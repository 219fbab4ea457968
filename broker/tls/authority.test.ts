import { execFile } from 'node:child_process';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { StartProblem } from '@nongtin/service';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openAuthority } from './authority.ts';
import type { ServerCredentials } from './certificate.ts';
import { DAY, makeAuthority, NAMES, NOW, TestAuthority } from './fixture.suite.ts';

let made: TestAuthority;
let foreign: TestAuthority;
/** A copy of the first for each test. */
let farm: TestAuthority;

beforeAll(async () => {
  [made, foreign] = await Promise.all([makeAuthority(), makeAuthority()]);
});
afterAll(() => {
  made.remove();
  foreign.remove();
});
beforeEach(() => {
  farm = made.copy();
});
afterEach(() => farm.remove());

const credentials = (names: readonly string[] = NAMES) => farm.open().serverCredentials(names);
const bytesOf = (file: 'authority.json' | 'server.json') => readFileSync(farm.path(file), 'utf8');
const certificateOf = ({ cert }: ServerCredentials) => new X509Certificate(cert);

function expectSameTrust(after: ServerCredentials, before: ServerCredentials): void {
  expect(after.key).toBe(before.key);
  expect(after.ca).toBe(before.ca);
  expect(after.tasmotaFingerprint).toBe(before.tasmotaFingerprint);
}

function change(file: 'authority.json' | 'server.json', changes: Record<string, unknown>): void {
  writeFileSync(farm.path(file), JSON.stringify({ ...JSON.parse(bytesOf(file)), ...changes }));
}

describe('what a server is given', () => {
  it('is a chain that ends at the authority, and the RSA key of its first certificate', async () => {
    const given = await credentials();
    const [server, ca] = given.cert
      .split(/(?<=-----END CERTIFICATE-----\n)/)
      .map((pem) => new X509Certificate(pem));
    expect(String(ca)).toBe(given.ca);
    expect(ca?.ca).toBe(true);
    expect(server?.ca).toBe(false);
    expect(server?.verify(createPublicKey(given.ca))).toBe(true);
    expect(server?.checkPrivateKey(createPrivateKey(given.key))).toBe(true);
    expect(server?.publicKey.asymmetricKeyDetails).toMatchObject({
      modulusLength: 2048,
      publicExponent: 65537n,
    });
    expect(server?.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(given.validToMs).toBe(server?.validToDate.getTime());
  });

  it('holds each name and address, and no other', async () => {
    const server = certificateOf(
      await credentials(['PI.local', 'mqtt.farm.example', '192.168.1.5', 'fd00:0::5']),
    );
    expect(server.subjectAltName).toBe(
      'DNS:pi.local, DNS:mqtt.farm.example, IP Address:192.168.1.5, IP Address:FD00:0:0:0:0:0:0:5',
    );
  });

  it('is valid for devices whose clock stands in 1970, and for two years', async () => {
    const given = await credentials();
    for (const pem of [given.cert, given.ca])
      expect(new X509Certificate(pem).validFromDate.getTime()).toBe(0);
    expect(given.validToMs).toBe(NOW + 730 * DAY);
  });

  it('is asked for with at least one name, and with none that a certificate cannot hold', async () => {
    await expect(credentials([])).rejects.toThrow(RangeError);
    await expect(credentials(['pi.local', 'my farm'])).rejects.toThrow(
      "'my farm' cannot stand in a certificate: give host names such as farm.example.org, and addresses such as 192.168.1.5 or fd00::5.",
    );
  });
});

it('a server that connects to others like it has a certificate for both, made anew when it was for one', async () => {
  const cluster = farm.copy();
  const asServer = certificateOf(await cluster.open().serverCredentials(NAMES));
  const { folder } = cluster;
  const open = () => openAuthority({ folder, clock: { nowMs: () => NOW }, peers: true });
  const asBoth = certificateOf(await open().serverCredentials(NAMES));
  expect(asServer.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  expect(asBoth.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
  expect(certificateOf(await open().serverCredentials(NAMES)).serialNumber).toBe(asBoth.serialNumber);
  cluster.remove();
});

describe('a second start', () => {
  it('gives the same and writes nothing', async () => {
    const stamps = () =>
      readdirSync(farm.folder).map((file) => [file, statSync(join(farm.folder, file)).mtimeMs]);
    const [before, first] = [stamps(), await made.open().serverCredentials(NAMES)];
    expect(await credentials()).toEqual(first);
    expect(stamps()).toEqual(before);
  });

  it('loads the library that makes certificates in no process that asks, not even for a new name', async () => {
    const authority = JSON.stringify(join(import.meta.dirname, 'authority.ts'));
    const script = `
      const { openAuthority } = await import(${authority});
      const authority = openAuthority({ folder: process.argv[1], clock: { nowMs: () => ${NOW} } });
      for (const name of ['localhost', 'new.local']) {
        await authority.serverCredentials([name]);
        console.log('getMetadata' in Reflect);
      }`;
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [
      '--input-type=module',
      '-e',
      script,
      farm.folder,
    ]);
    expect(stdout).toBe('false\nfalse\n');
    expect(stderr).toBe('');
  });

  it('makes one authority however many ask at once', async () => {
    const fresh = new TestAuthority();
    const authority = fresh.open();
    const all = await Promise.all([
      authority.serverCredentials(['a.local']),
      authority.serverCredentials(['b.local']),
    ]);
    const [first, second] = all;
    expectSameTrust(second, first);
    fresh.remove();
  });
});

describe('renewal keeps key and authority', () => {
  it('when a name or an address is new', async () => {
    const before = await credentials();
    const after = await credentials([...NAMES, '192.168.1.77']);
    expectSameTrust(after, before);
    expect(certificateOf(after).checkIP('192.168.1.77')).toBe('192.168.1.77');
    expect(certificateOf(after).serialNumber).not.toBe(certificateOf(before).serialNumber);
  });

  it('when less than a third of its time is left, and not before', async () => {
    const before = await credentials();
    farm.nowMs = NOW + 486 * DAY;
    expect(await credentials()).toEqual(before);
    farm.nowMs = NOW + 487 * DAY;
    const after = await credentials();
    expectSameTrust(after, before);
    expect(after.validToMs).toBe(farm.nowMs + 730 * DAY);
  });

  it('in a process that goes on', async () => {
    const authority = farm.open();
    const before = await authority.serverCredentials(NAMES);
    farm.nowMs = before.validToMs - DAY;
    const after = await authority.serverCredentials(NAMES);
    expectSameTrust(after, before);
    expect(after.validToMs).toBe(before.validToMs + 729 * DAY);
  });

  it.each([
    ['damaged', () => writeFileSync(farm.path('server.json'), bytesOf('server.json').slice(0, 900))],
    ['not a certificate', () => change('server.json', { cert: 'none' })],
    ['gone', () => rmSync(farm.path('server.json'))],
    [
      'of another authority',
      () => writeFileSync(farm.path('server.json'), readFileSync(foreign.path('server.json'))),
    ],
  ])("when the server's certificate is %s", async (_, damage) => {
    const before = await credentials();
    damage();
    const after = await credentials();
    expectSameTrust(after, before);
    expect(certificateOf(after).verify(createPublicKey(before.ca))).toBe(true);
    expect(await credentials()).toEqual(after);
  });

  it('but a name that is no longer wanted is no reason, or an interface that comes and goes would be one', async () => {
    const before = await credentials();
    expect(await credentials(['localhost'])).toEqual(before);
  });
});

describe("the gateway's clock", () => {
  it('may stand in 1970: the term counts from when this software began', async () => {
    farm.nowMs = 5_000;
    const given = await credentials(['new.local']);
    expect(given.validToMs).toBe(Date.UTC(2026, 10, 1) + 730 * DAY);
    farm.nowMs = NOW;
    expect(await credentials(['new.local'])).toEqual(given);
  });

  it("may come near the authority's end: the last certificate ends with it, and is made once", async () => {
    farm.nowMs = Date.UTC(2049, 5, 1);
    const last = await credentials();
    expect(last.validToMs).toBe(Date.UTC(2049, 11, 31, 23, 59, 59));
    farm.nowMs = last.validToMs - 1;
    expect(await credentials()).toEqual(last);
  });

  it('is named when it stands behind the end of the authority, which is not replaced', async () => {
    const before = bytesOf('authority.json');
    farm.nowMs = Date.UTC(2050, 0, 1);
    await expect(credentials()).rejects.toThrow(
      `The certificate authority in ${farm.path('authority.json')} has ended on 2049-12-31, and it is 2050-01-01 by this machine's clock: set the clock right, or move the file away to begin anew.`,
    );
    expect(bytesOf('authority.json')).toBe(before);
  });
});

describe('the files', () => {
  it('are for their owner alone', () => {
    expect(statSync(made.folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(made.folder).sort()).toEqual(['authority.json', 'server.json']);
    for (const file of ['authority.json', 'server.json'] as const)
      expect(statSync(made.path(file)).mode & 0o777).toBe(0o600);
  });

  it.each([
    [
      'half-written',
      () => writeFileSync(farm.path('authority.json'), bytesOf('authority.json').slice(0, 2000)),
    ],
    ['empty', () => writeFileSync(farm.path('authority.json'), '')],
    ['without its key', () => change('authority.json', { key: undefined })],
    [
      'with half a key',
      () => change('authority.json', { key: JSON.parse(bytesOf('authority.json')).key.slice(0, 500) }),
    ],
    [
      'with the key of another',
      () =>
        change('authority.json', {
          key: JSON.parse(readFileSync(foreign.path('authority.json'), 'utf8')).key,
        }),
    ],
    ["without the server's key", () => change('authority.json', { serverKey: '' })],
    [
      "with the server's certificate in its place",
      () => change('authority.json', { cert: JSON.parse(bytesOf('server.json')).cert }),
    ],
  ])(
    'are named when the authority is %s, and left alone until a person has repaired them',
    async (_, damage) => {
      const whole = bytesOf('authority.json');
      const before = await credentials();
      damage();
      const damaged = bytesOf('authority.json');
      const authority = farm.open();
      const problem = await authority.serverCredentials(NAMES).catch((error: unknown) => error);
      expect(problem).toBeInstanceOf(StartProblem);
      expect(String(problem)).toBe(
        `StartProblem: ${farm.path('authority.json')} is incomplete or not ours: restore it from a backup, or move it away to begin anew. Devices trust what that file holds: begun anew, each has to be given the new certificate or fingerprint.`,
      );
      expect(bytesOf('authority.json')).toBe(damaged);
      writeFileSync(farm.path('authority.json'), whole);
      expect(await authority.serverCredentials(NAMES)).toEqual(before);
    },
  );

  it('are named when their folder cannot be made', async () => {
    const fresh = new TestAuthority();
    writeFileSync(fresh.folder, '');
    await expect(fresh.open().serverCredentials(NAMES)).rejects.toThrow(`${fresh.folder}`);
    await expect(fresh.open().serverCredentials(NAMES)).rejects.toThrow(StartProblem);
    fresh.remove();
  });

  it('that are away are made anew, with another name', async () => {
    const before = await credentials();
    rmSync(farm.path('authority.json'));
    const after = await credentials();
    expect(new X509Certificate(after.ca).subject).not.toBe(new X509Certificate(before.ca).subject);
    expect(certificateOf(after).verify(createPublicKey(after.ca))).toBe(true);
  });
});
