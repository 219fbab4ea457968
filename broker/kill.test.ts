import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, connectAsync } from 'mqtt';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openCredentials } from './credentials.ts';
import { startService } from './testing/service.ts';

const ROUNDS = 4;
/** Of one round; fewer than a session holds in all. */
const MESSAGES = 200;

let folder = '';
let service: ChildProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nongtin-broker-kill-'));
});
afterEach(() => {
  service?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

it('keeps each message that it acknowledged for a listener who is away, however often it is killed', async () => {
  const credentials = openCredentials({ path: join(folder, 'gateway', 'credentials.json') });
  const login = { flows: credentials.issue('flows', 'node-red'), an: credentials.issue('an', 'technician') };
  const door = async (username: keyof typeof login) => {
    const started = await startService(folder);
    service = started.service;
    const { port } = started;
    return { host: '127.0.0.1', port, username, password: login[username], reconnectPeriod: 0 };
  };
  const away = await connectAsync({ ...(await door('flows')), clientId: 'stays', clean: false });
  await away.subscribeAsync('local/#', { qos: 1 });
  await away.endAsync();
  await kill();

  const acknowledged: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const speaker = await connectAsync(await door('an'));
    speaker.on('error', () => {});
    // Killed at the very acknowledgement of a message in the middle: others are on their way then.
    const last = MESSAGES / 4 + round * 13;
    const ended = new Promise<void>((resolve) => {
      for (let index = 0; index < MESSAGES; index += 1) {
        const text = `${round}-${index}`;
        speaker.publish(`local/${index % 3}`, text, { qos: 1, retain: index % 50 === 0 }, (error) => {
          if (error) return;
          acknowledged.push(text);
          if (index === last) resolve(kill());
        });
      }
    });
    await ended;
    speaker.end(true);
  }

  const back = connect({ ...(await door('flows')), clientId: 'stays', clean: false });
  const heard: string[] = [];
  back.on('message', (_, payload) => heard.push(payload.toString()));
  await new Promise((resolve) => back.once('connect', resolve));
  await back.publishAsync('local/end', 'end', { qos: 1 });
  while (!heard.includes('end')) await new Promise((resolve) => back.once('message', resolve));
  back.end(true);
  const missing = acknowledged.filter((text) => !heard.includes(text));
  expect([missing, acknowledged.length >= ROUNDS * (MESSAGES / 4)]).toEqual([[], true]);
  expect(new Set(heard).size).toBe(heard.length);
});

/** At once, while this process does nothing else: whatever the broker has yet to do is not done. */
async function kill(): Promise<void> {
  const victim = service as ChildProcess;
  const exit = once(victim, 'exit');
  spawnSync('kill', ['-KILL', String(victim.pid)]);
  await exit;
}
