import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identityOf, type ServerCredentials } from './certificate.ts';
import { makeAuthority, NAMES, newClientKey, type TestAuthority } from './fixture.suite.ts';
import { requestClient } from './issuing.ts';

let farm: TestAuthority;
let foreign: TestAuthority;
let credentials: ServerCredentials;
let server: Server;

beforeAll(async () => {
  [farm, foreign] = await Promise.all([makeAuthority(), makeAuthority()]);
  credentials = await farm.open().serverCredentials(NAMES);
  const { key, cert, ca } = credentials;
  server = createServer({ key, cert, ca, requestCert: true, rejectUnauthorized: false }, answer);
  server.on('tlsClientError', () => {});
  await once(server.listen(0, '127.0.0.1'), 'listening');
  writeFileSync(join(farm.folder, 'ca.pem'), credentials.ca);
});
afterAll(() => {
  server.close();
  farm.remove();
  foreign.remove();
});

/** Tells the client what the server thinks of it. */
function answer(socket: TLSSocket): void {
  const identity = identityOf(socket.getPeerCertificate());
  socket.on('error', () => {});
  socket.write(JSON.stringify({ authorized: socket.authorized, identity }));
}

const port = () => (server.address() as AddressInfo).port;

async function ask(options: {
  host?: string;
  port?: number;
  servername?: string;
  ca?: string;
  key?: string;
  cert?: string;
}) {
  const socket = connect({ host: '127.0.0.1', port: port(), ca: credentials.ca, ...options });
  try {
    const [text] = await once(socket, 'data');
    return JSON.parse(String(text)) as { authorized: boolean; identity?: string };
  } finally {
    socket.destroy();
  }
}

async function newClient(authority: TestAuthority, identity: string) {
  const key = newClientKey();
  const { cert } = await authority.open().issueClient(await requestClient(key, identity), identity);
  return { key: String(key.export({ type: 'pkcs8', format: 'pem' })), cert };
}

describe('a client that trusts the authority', () => {
  it.each([{ servername: 'pi.local' }, { servername: 'localhost' }, { host: '127.0.0.1' }])(
    'accepts the server under its own name: %j',
    async (options) => {
      expect(await ask(options)).toEqual({ authorized: false });
    },
  );

  it('refuses it under another name', async () => {
    await expect(ask({ servername: 'other.local' })).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
  });

  it('refuses the server of another authority', async () => {
    const { ca } = await foreign.open().serverCredentials(NAMES);
    await expect(ask({ servername: 'pi.local', ca })).rejects.toMatchObject({
      code: expect.stringMatching(/SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY)/),
    });
  });
});

it("a client's certificate does not pass for a server's", async () => {
  const client = await newClient(farm, 'localhost');
  const impostor = createServer(client).on('tlsClientError', () => {});
  await once(impostor.listen(0, '127.0.0.1'), 'listening');
  const port = (impostor.address() as AddressInfo).port;
  await expect(ask({ port, servername: 'localhost' })).rejects.toMatchObject({ code: 'INVALID_PURPOSE' });
  impostor.close();
});

describe('a server that asks for certificates', () => {
  it('knows a client by the identity that was issued', async () => {
    const client = await newClient(farm, 'gw-1');
    expect(await ask({ servername: 'pi.local', ...client })).toEqual({ authorized: true, identity: 'gw-1' });
  });

  it('does not authorize a client of another authority, whatever its name', async () => {
    const client = await newClient(foreign, 'gw-1');
    expect(await ask({ servername: 'pi.local', ...client })).toMatchObject({ authorized: false });
  });

  it("does not take the server's own certificate for a client's", async () => {
    const { key, cert } = credentials;
    expect(await ask({ servername: 'pi.local', key, cert })).toMatchObject({ authorized: false });
  });
});

describe.skipIf(!existsSync('/usr/bin/openssl'))('openssl', () => {
  async function openssl(...args: string[]): Promise<string> {
    const target = ['-connect', `127.0.0.1:${port()}`, '-CAfile', join(farm.folder, 'ca.pem')];
    const done = promisify(execFile)('/usr/bin/openssl', [
      's_client',
      ...target,
      '-verify_return_error',
      '-x509_strict',
      ...args,
    ]);
    done.child.stdin?.end();
    return (await done).stdout;
  }

  it.each([
    ['a host name', ['-verify_hostname', 'pi.local']],
    ['an address', ['-verify_ip', '127.0.0.1']],
    ['a clock in 1970', ['-attime', '5']],
  ])('verifies the chain by %s', async (_, args) => {
    expect(await openssl(...args)).toContain('Verify return code: 0 (ok)');
  });

  it('connects as Tasmota does on an ESP8266: one cipher, one curve, records of 1 KiB', async () => {
    const shown = await openssl(
      ...['-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256', '-curves', 'P-256', '-maxfraglen', '1024'],
    );
    expect(shown).toContain('Verify return code: 0 (ok)');
    expect(shown).toMatch(/Cipher is ECDHE-RSA-AES128-GCM-SHA256/);
  });

  it('refuses another name, and a date after the end', async () => {
    await expect(openssl('-verify_hostname', 'other.local')).rejects.toThrow(/hostname mismatch/);
    const after = String(credentials.validToMs / 1000 + 60);
    await expect(openssl('-attime', after)).rejects.toThrow(/certificate has expired/);
  });
});
