import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { promisify } from 'node:util';
import { connectAsync, type IClientOptions } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Farm, nextMessage, until } from './testing/farm.ts';
import type { ServerCredentials } from './tls/certificate.ts';
import { makeAuthority, NAMES, newClientKey, type TestAuthority } from './tls/fixture.suite.ts';
import { requestClient } from './tls/issuing.ts';

const run = promisify(execFile);
let authority: TestAuthority;
let server: ServerCredentials;
beforeAll(async () => {
  authority = await makeAuthority();
  server = await authority.open().serverCredentials(NAMES);
});
afterAll(() => authority.remove());

let farm: Farm;
afterEach(() => farm.close());

async function open(limits: Parameters<typeof Farm.open>[1] = {}, peers = false): Promise<Farm> {
  farm = await Farm.open(undefined, limits, {
    tls: { port: 0 },
    webSocket: { port: 0 },
    ...(peers ? { authenticatePeer: ({ id }) => (id === 'gw-1' ? { id, role: 'gateway' } : undefined) } : {}),
  });
  await farm.broker.openWebSocket();
  await farm.broker.secure({ key: server.key, cert: server.cert, ...(peers ? { clientCa: server.ca } : {}) });
  return farm;
}

const LOGIN = { username: 'an', password: 'secret-an', reconnectPeriod: 0 } as const;
const tlsDoor = (more: IClientOptions = {}): IClientOptions => ({
  ...{ ...LOGIN, protocol: 'mqtts', host: 'localhost', port: farm.broker.tlsPort ?? 0, ca: server.ca },
  ...more,
});

describe('the doors of the broker', () => {
  it.each(['mqtts', 'ws', 'wss'] as const)(
    'let a client in by %s, and what it says reaches the others',
    async (protocol) => {
      const { broker, client } = await open();
      const port = (protocol === 'mqtts' ? broker.tlsPort : broker.webSocketPort) ?? 0;
      const door = await connectAsync({ ...tlsDoor(), protocol, port, path: '/mqtt' });
      const listener = await client('flows');
      await listener.subscribeAsync('local/#', { qos: 1 });
      const heard = nextMessage(listener);
      await door.publishAsync('local/x', 'x'.repeat(100_000), { qos: 2 });
      expect((await heard).text).toHaveLength(100_000);
      await door.subscribeAsync('local/#', { qos: 1 });
      const answered = nextMessage(door);
      await listener.publishAsync('local/y', 'y', { qos: 1 });
      expect((await answered).text).toBe('y');
      await door.endAsync();
    },
  );

  it('ask for the same password at each', async () => {
    const { broker } = await open();
    const wrong = { ...tlsDoor(), password: 'guess' };
    await expect(connectAsync(wrong)).rejects.toMatchObject({ code: 4 });
    const webSocket = { ...wrong, protocol: 'ws', port: broker.webSocketPort ?? 0 } as const;
    await expect(connectAsync(webSocket)).rejects.toMatchObject({ code: 4 });
    expect(broker.stats().refused.wrong_password).toBe(2);
  });

  it('count a client once, however it came, and let in no more than the limit', async () => {
    const { broker, client } = await open({ connections: 2 });
    const first = await connectAsync(tlsDoor());
    await client('valve-1');
    const third = connectPlain(broker.webSocketPort ?? 0, '127.0.0.1');
    third.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n');
    third.write('sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n');
    third.write('sec-websocket-protocol: mqtt\r\n\r\n');
    await once(third.resume(), 'close');
    expect(broker.stats()).toMatchObject({ connected: 2, refused: { too_many_connections: 1 } });
    await first.endAsync();
  });

  it('turn away what is no TLS, what is no WebSocket, and what says nothing', async () => {
    const { broker } = await open({ connectTimeoutMs: 1_500 });
    const talk = async (port: number | undefined, said: string) => {
      const socket = connectPlain(port ?? 0, '127.0.0.1');
      socket.on('error', () => {});
      if (said !== '') socket.write(said);
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk;
      });
      await once(socket, 'close');
      return answer;
    };
    expect(await talk(broker.tlsPort, 'GET / HTTP/1.1\r\n\r\n')).not.toContain('HTTP');
    expect(broker.stats().refused.tls_failed).toBe(1);
    const page = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';
    expect(await talk(broker.webSocketPort, page)).toMatch(/^HTTP\/1.1 426 /);
    const other =
      'GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n';
    const key = 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
    expect(await talk(broker.webSocketPort, `${other}${key}sec-websocket-protocol: chat\r\n\r\n`)).toMatch(
      / 400 /,
    );
    const silent = [broker.tlsPort, broker.webSocketPort, broker.port].map((port) => talk(port, ''));
    expect(await Promise.all(silent)).toEqual(['', '', '']);
    expect(broker.stats().connected).toBe(0);
  });

  it('leave the plain one to this machine when told so', async () => {
    farm = await Farm.open(undefined, {}, { host: '127.0.0.2', plainHost: '127.0.0.1', tls: { port: 0 } });
    const { broker } = farm;
    await broker.secure({ key: server.key, cert: server.cert });
    const reach = async (host: string, port: number | undefined) => {
      const socket = connectPlain(port ?? 0, host);
      const reached = await once(socket, 'connect').then(Boolean, ({ code }) => code);
      socket.destroy();
      return reached;
    };
    expect(await reach('127.0.0.1', broker.port)).toBe(true);
    expect(await reach('127.0.0.2', broker.tlsPort)).toBe(true);
    expect(await reach('127.0.0.2', broker.port)).toBe('ECONNREFUSED');
  });

  it('show a renewed certificate to who comes, and let who is in stay', async () => {
    const { broker } = await open();
    const before = await connectAsync(tlsDoor());
    const other = authority.copy();
    const renewed = await other.open().serverCredentials([...NAMES, 'new.local']);
    await broker.secure(renewed);
    const after = await connectAsync(tlsDoor({ servername: 'new.local' }));
    expect(before.connected).toBe(true);
    await Promise.all([before.endAsync(), after.endAsync()]);
    other.remove();
  });
});

describe('TLS', () => {
  it('speaks 1.2 and 1.3 with forward secrecy, and nothing older or weaker', async () => {
    const { broker } = await open();
    const shake = (...how: string[]) => {
      const child = run('openssl', ['s_client', '-connect', `127.0.0.1:${broker.tlsPort}`, ...how]);
      child.child.stdin?.end();
      return child.then(
        ({ stdout }) => /Cipher is (?!\(NONE\))(\S+)/.exec(stdout)?.[1] ?? 'none',
        () => 'none',
      );
    };
    for (const old of ['-tls1', '-tls1_1'])
      expect(await shake(old, '-cipher', 'ALL:@SECLEVEL=0')).toBe('none');
    const listed = await run('openssl', ['ciphers', '-s', '-tls1_2', 'ALL:COMPLEMENTOFALL:@SECLEVEL=0']);
    const suites = listed.stdout
      .trim()
      .split(':')
      .filter((suite) => !suite.startsWith('TLS_'));
    expect(suites.length).toBeGreaterThan(30);
    const accepted: string[] = [];
    for (const suite of suites) {
      const agreed = await shake('-tls1_2', '-cipher', `${suite}:@SECLEVEL=0`);
      if (agreed !== 'none') accepted.push(agreed);
    }
    expect(accepted.sort()).toEqual([
      'ECDHE-RSA-AES128-GCM-SHA256',
      'ECDHE-RSA-AES256-GCM-SHA384',
      'ECDHE-RSA-CHACHA20-POLY1305',
    ]);
    expect(await shake('-tls1_3')).toMatch(/^TLS_AES|^TLS_CHACHA/);
  });

  it('lets a gateway in by its certificate alone, and no other certificate', async () => {
    const { broker } = await open({}, true);
    const { username: _, password: __, ...nameless } = tlsDoor();
    const certified = async (id: string, by = authority) => {
      const key = newClientKey();
      const { cert } = await by.open().issueClient(await requestClient(key, id), id);
      return { ...nameless, key: key.export({ type: 'pkcs8', format: 'pem' }) as string, cert };
    };
    const gateway = await certified('gw-1');
    const client = await connectAsync(gateway);
    await client.publishAsync('nongtin/v1/uplink/gw-1/entries', '{}', { qos: 1 });
    await client.endAsync();
    await expect(connectAsync({ ...gateway, username: 'gw-2', password: 'x' })).rejects.toMatchObject({
      code: 5,
    });
    await expect(connectAsync(await certified('gw-9'))).rejects.toMatchObject({ code: 5 });
    expect(broker.stats().refused.certificate_refused).toBe(2);
    const stranger = await makeAuthority();
    await expect(connectAsync(await certified('gw-1', stranger))).rejects.toMatchObject({ code: 5 });
    expect(broker.stats().refused.no_credentials).toBe(1);
    stranger.remove();
    const byPassword = await connectAsync(tlsDoor());
    await byPassword.endAsync();
    await until(() => broker.stats().connected === 0);
  });
});
