import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kill } from 'node:process';
import { freePort, StartProblem } from '@nongtin/service';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AnvilOptions, AnvilRefused, startAnvil } from './anvil.ts';

let options: AnvilOptions;
beforeEach(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-anvil-'));
  options = { port: await freePort(), chainId: 31_337, folder };
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
