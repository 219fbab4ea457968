import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAuthority } from '@nongtin/broker';
import { pino } from 'pino';
import { expect, it, onTestFinished, vi } from 'vitest';
import { HttpsDoor } from './https-door.ts';

const clock = { nowMs: () => Date.UTC(2026, 10, 22) };

function door(port: number | undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-https-'));
  const said: { level: number; problem?: string }[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => said.push(JSON.parse(line)) });
  const opened = new HttpsDoor({
    ...{ host: '127.0.0.1', port, folder, names: ['farm.local'], given: undefined, clock, logger },
    answer: (_, response) => void response.end('the page'),
  });
  onTestFinished(async () => {
    await opened.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  opened.start();
  return { opened, folder, said };
}

// Keys take a while on a busy machine.
const wait = { timeout: 25_000 };

it('gives the page by a certificate that a phone trusts who trusts the farm’s authority', async () => {
  const { opened, folder, said } = door(0);
  await vi.waitFor(() => expect(opened.port).toBeGreaterThan(0), wait);
  const { ca } = await openAuthority({ folder, clock }).serverCredentials(['farm.local']);
  const asked = request({
    host: '127.0.0.1',
    port: opened.port,
    servername: 'farm.local',
    ca,
    checkServerIdentity: () => undefined,
  }).end();
  expect(opened.authority).toBe(ca);
  const [response] = await once(asked, 'response');
  expect(await response.setEncoding('utf8').toArray()).toEqual(['the page']);
  expect(JSON.stringify(said)).not.toContain('PRIVATE KEY');
});

it('that cannot be opened is told, by name of its variable, and keeps nothing else from working', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  onTestFinished(() => void other.close());
  const { opened, said } = door((other.address() as { port: number }).port);
  await vi.waitFor(() => expect(said).toMatchObject([{ level: 50 }]), wait);
  expect(said[0]?.problem).toContain('NONGTIN_GATEWAY_TLS_PORT');
  expect(opened.port).toBeUndefined();
});

it('is none where nobody wants it', () => {
  expect(door(undefined).opened.port).toBeUndefined();
});
