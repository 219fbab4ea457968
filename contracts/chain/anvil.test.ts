import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kill } from 'node:process';
import { freePort, StartProblem } from '@nongtin/service';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Anvil, type AnvilOptions, AnvilRefused, startAnvil } from './anvil.ts';

let options: AnvilOptions;
beforeEach(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-anvil-'));
  options = { port: await freePort(), chainId: 31_337, folder, allowOrigin: 'http://localhost:8080' };
});
afterEach(() => rmSync(options.folder, { recursive: true, force: true }));

test('an anvil that ends by itself has refused its state', async () => {
  const statePath = join(options.folder, 'state.json');
  writeFileSync(statePath, '{"block":1,"accounts":2}');
  await expect(startAnvil({ ...options, statePath })).rejects.toBeInstanceOf(AnvilRefused);
});

test('an anvil that somebody kills before it answers has refused nothing', async () => {
  const started = startAnvil({ ...options, spawned: (pid) => kill(pid, 'SIGKILL') });
  await expect(started).rejects.toThrow(StartProblem);
  await expect(started).rejects.toThrow('anvil was ended by SIGKILL');
});

test('pages of the cloud may call it, pages of any other site may not, and programs without an Origin may', async () => {
  const anvil = await startAnvil(options);
  try {
    for (const origin of [options.allowOrigin, 'http://evil.example', 'http://localhost:3000', 'null']) {
      const asking = { origin, 'access-control-request-method': 'POST' };
      const headers = { ...asking, 'access-control-request-headers': 'content-type' };
      const preflight = await fetch(anvil.rpcUrl, { method: 'OPTIONS', headers });
      expect(preflight.headers.get('access-control-allow-origin'), origin).toBe(options.allowOrigin);
    }
    // What a browser sends without asking first is not carried out.
    expect(await call(anvil, { origin: 'http://evil.example', 'content-type': 'text/plain' })).toHaveProperty(
      'error',
    );
    expect(await call(anvil, { 'content-type': 'application/json' })).toMatchObject({ result: '0x7a69' });
  } finally {
    await anvil.end('SIGKILL');
  }
});

async function call(anvil: Anvil, headers: Record<string, string>): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] });
  return (await fetch(anvil.rpcUrl, { method: 'POST', headers, body })).json();
}
