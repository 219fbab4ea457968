import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '@nongtin/service';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { temporary } from './notifications.suite.ts';
import { Outboxes } from './outboxes.ts';

const program = fileURLToPath(new URL('./testing/outbox-process.ts', import.meta.url));

/** Runs until so many words have come, then kill -9; resolves to what it has said. */
async function killedAfter(words: number, path: string, service: string): Promise<string[]> {
  const args = ['--disable-warning=ExperimentalWarning', program, path, service];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (said.split('\n').length > words) child.kill('SIGKILL');
  });
  await once(child, 'close');
  return said.split('\n').slice(0, -1);
}

it('over kills at any moment loses no message, and sends twice only what was under way', async () => {
  const folder = temporary();
  const [path, service] = [join(folder, 'notifications.sqlite'), join(folder, 'service')];
  const random = seededRandom(7);
  const said: string[] = [];
  const kills = 5;
  for (let n = 0; n < kills; n++)
    said.push(...(await killedAfter(1 + Math.floor(random() * 40), path, service)));
  const named = (what: string) =>
    said.filter((line) => line.startsWith(what)).map((line) => line.slice(what.length + 1));
  const taken = readFileSync(service, 'utf8').split('\n').slice(0, -1);
  const outbox = new Outboxes(path, pino({ enabled: false }));
  outbox.start();
  onTestFinished(() => outbox.stop());
  const stored = new Map(outbox.list(100_000).map(({ id, state }) => [id, state]));
  expect(named('added').filter((id) => !stored.has(id))).toEqual([]);
  expect(named('accepted').filter((id) => stored.get(id) !== 'accepted')).toEqual([]);
  // Each that the service has not taken is still to be sent.
  for (const [id, state] of stored)
    expect(taken.includes(id) || state === 'waiting' || state === 'sent').toBe(true);
  const twice = taken.filter((id, n) => taken.indexOf(id) !== n);
  expect(twice.length).toBeLessThanOrEqual(kills);
  expect(twice.filter((id) => taken.filter((one) => one === id).length > 2)).toEqual([]);
});
