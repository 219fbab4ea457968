import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { demoSecrets } from '@nongtin/accounts';
import { topicOf, type ValveCommand } from '@nongtin/broker/wire';
import { freePort } from '@nongtin/service';
import { connect } from 'mqtt';
import { afterEach, expect, it } from 'vitest';
import type { Farm } from '../farm/layout.ts';
import { end, killSeed, startGateway } from '../kill.suite.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const [PUMP, MASTER] = ['valve-b3', 'valve-b2'];
const ZONES = ['a1', 'a2', 'a3', 'b1'];
const seed = killSeed();

/** A valve or a relay: closes by its own timer, takes an id once, says what it does, whether anybody listens or not. */
function device(port: number, id: string, password: string) {
  const client = connect(`mqtt://127.0.0.1:${port}`, {
    ...{ clientId: id, username: id, password, clean: true, reconnectPeriod: 100 },
  });
  cleanups.push(() => client.endAsync(true));
  const heard = new Set<string>();
  const state = { isOn: false, commandId: undefined as string | undefined, litres: 100 };
  let lease: NodeJS.Timeout | undefined;
  const say = (cause: string) => {
    const { isOn, commandId, litres } = state;
    const payload = { cause, commandId, totalLitres: litres, flowLitresPerMinute: isOn ? 38 : 0 };
    const text = JSON.stringify({ state: isOn ? 'open' : 'closed', ...payload });
    client.publish(topicOf('valveState', id), text, { qos: 0 });
  };
  const turn = (isOn: boolean, cause: string) => {
    clearTimeout(lease);
    state.isOn = isOn;
    say(cause);
  };
  client.on('error', () => {});
  client.on('connect', () => {
    client.subscribe(topicOf('valveCommand', id), { qos: 1 });
    client.publish(`nongtin/v1/${id}/status`, 'online', { qos: 1, retain: true });
  });
  client.on('message', (_topic, payload) => {
    const command = JSON.parse(payload.toString()) as ValveCommand;
    if (heard.has(command.id)) return say('periodic');
    heard.add(command.id);
    state.commandId = command.id;
    turn(command.action === 'open', 'command');
    if (command.action === 'open')
      lease = setTimeout(() => turn(false, 'lease_ended'), command.durationSeconds * 1000);
  });
  const report = setInterval(() => {
    if (state.isOn) state.litres += 0.6;
    if (client.connected) say('periodic');
  }, 1_000);
  cleanups.push(() => {
    clearInterval(report);
    clearTimeout(lease);
  });
  return state;
}

it(`stops the pump and closes every valve, whenever it was killed (seed ${seed})`, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'nongtin-pump-'));
  cleanups.push(() => rmSync(dataDir, { recursive: true, force: true }));
  const ports = {
    mqtt: await freePort(),
    http: await freePort(),
    uplink: await freePort(),
    isElsewhere: false,
  };
  let gateway: ChildProcess = await startGateway(dataDir, ports);
  cleanups.push(() => end(gateway, 'SIGKILL'));
  await end(gateway, 'SIGTERM');
  const path = join(dataDir, 'gateway', 'farm.json');
  const farm: Farm = JSON.parse(readFileSync(path, 'utf8'));
  const plots = farm.plots.map((plot) => ({
    ...plot,
    zones: plot.zones.filter(({ id }) => ZONES.includes(id)).map((zone) => ({ ...zone, source: 'well' })),
  }));
  const well = {
    ...{ id: 'well', name: 'Giếng', maxFlowLitresPerMinute: 80, gapSeconds: 0 },
    ...{ pump: { valve: PUMP, leadSeconds: 0, lagSeconds: 0 }, masterValve: { valve: MASTER } },
  };
  writeFileSync(path, JSON.stringify({ ...farm, plots, sources: [well] }));
  gateway = await startGateway(dataDir, ports);

  const { users, devices } = demoSecrets(dataDir);
  const names = [...ZONES.map((zone) => `valve-${zone}`), PUMP, MASTER] as string[];
  const states = new Map(names.map((id) => [id, device(ports.mqtt, id, devices[id] ?? '')]));
  const on = () => names.filter((id) => states.get(id)?.isOn);
  const url = (route: string) => `http://127.0.0.1:${ports.http}${route}`;
  const json = { 'content-type': 'application/json' };
  const { email, password } = users.technician;
  const open = async (zone: string) => {
    const signedIn = await fetch(url('/api/auth/sign-in/email'), {
      ...{ method: 'POST', headers: json, body: JSON.stringify({ email, password }) },
    });
    const authorization = `Bearer ${signedIn.headers.get('set-auth-token')}`;
    const body = JSON.stringify({ durationSeconds: 300 });
    const answer = await fetch(url(`/api/zones/${zone}/open`), {
      ...{ method: 'POST', headers: { ...json, authorization }, body },
    });
    return answer.status;
  };

  let random = seed;
  let caughtOn = 0;
  for (const zone of ZONES) {
    await expect.poll(() => open(zone), { timeout: 30_000, interval: 200 }).toBe(202);
    // Opening, master valve, pump, proving, running: whichever it is just then.
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
    await delay((random / 2 ** 32) * 4_000);
    caughtOn += on().length;
    await end(gateway, 'SIGKILL');
    gateway = await startGateway(dataDir, ports);
    await expect.poll(on, { timeout: 5_000, interval: 50 }).toEqual([]);
  }
  // Something was on when it was killed, or nothing has been shown.
  expect(caughtOn).toBeGreaterThan(0);
}, 180_000);
