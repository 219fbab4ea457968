import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demoSecrets } from '@nongtin/accounts';
import { topicOf, type ValveCommand } from '@nongtin/broker/wire';
import { freePort } from '@nongtin/service';
import { connect } from 'mqtt';
import { expect, it, vi } from 'vitest';
import type { Farm } from '../farm/layout.ts';
import { Device } from '../irrigation/kill.suite.ts';
import { end, startGateway } from '../kill.suite.ts';

/** Otherwise it takes half a minute. */
vi.setConfig({ testTimeout: 900_000 });

/** Farm seconds in one real second. */
const SPEED = 6;
const PUMP = 'trap-1';
const PROBE = 'probe9';
/** mL in a farm second. */
const RATE = 10;
const PER_DAY = 350;
/** For what has to come, on a machine that does something else besides. */
const PATIENCE = { timeout: 180_000, interval: 200 };

function laidOut(farm: Farm): Farm {
  const probe = { probes: [{ device: PROBE }] };
  const [plot = expect.fail('the demo has plots'), ...others] = farm.plots.filter(
    ({ fertigation }) => fertigation === undefined,
  );
  const zones = plot.zones.map((zone) => ({ ...zone, source: 'gieng' }));
  const dosed = { ...plot, zones, fertigation: { recipes: [{ recipe: 'deu' }] } };
  return {
    ...farm,
    farmDevices: farm.farmDevices.filter((id) => id !== PUMP && id !== PROBE),
    plots: [dosed, ...others],
    sources: [{ id: 'gieng', name: 'Giếng', maxFlowLitresPerMinute: 200, gapSeconds: 0 }],
    recipes: [{ id: 'deu', name: 'Đều', mode: 'proportional', millilitresPerCubicMetre: { a: 8_000 } }],
    heads: [
      {
        ...{ id: 'phan', name: 'Bộ châm phân', source: 'gieng', ec: probe, ph: probe },
        ...{ preFlushLitres: 2, postFlushLitres: 2, mixingLitres: 1 },
        tanks: [
          {
            ...{ id: 'a', name: 'A', capacityLitres: 100, gramsPerLitre: { N: 20 } },
            ...{ perRunMillilitres: 200, perDayMillilitres: PER_DAY, pump: { valve: PUMP } },
          },
        ],
      },
    ],
  };
}

it('over real MQTT, killed in the middle of a dose: no pump runs on, and the day’s limit holds', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'nongtin-dose-'));
  const ports = {
    mqtt: await freePort(),
    http: await freePort(),
    uplink: await freePort(),
    isElsewhere: false,
  };
  const env = { NONGTIN_SPEED: String(SPEED) };
  let gateway: ChildProcess = await startGateway(dataDir, ports, env);
  const devices: Device[] = [];
  const { devices: passwords, users } = demoSecrets(dataDir);
  const device = (id: string, onCommand: (command: ValveCommand) => void = () => {}) => {
    const made = new Device(ports.mqtt, id, passwords[id] ?? '', onCommand);
    devices.push(made);
    return made;
  };
  const said = { clientId: PROBE, username: PROBE, password: passwords[PROBE] ?? '', reconnectPeriod: 100 };
  const probe = connect(`mqtt://127.0.0.1:${ports.mqtt}`, said);
  probe.on('error', () => {});
  const words = setInterval(() => {
    const reading = JSON.stringify({ water_ec: 1.2, water_ph: 6.4 });
    if (probe.connected) probe.publish(topicOf('readings', PROBE), reading, { qos: 0 });
  }, 400);
  const send = async (method: string, path: string, body?: object) => {
    const url = (route: string) => `http://127.0.0.1:${ports.http}${route}`;
    const json = { 'content-type': 'application/json' };
    const { email, password } = users.technician;
    const signedIn = await fetch(url('/api/auth/sign-in/email'), {
      ...{ method: 'POST', headers: json, body: JSON.stringify({ email, password }) },
    });
    const authorization = `Bearer ${signedIn.headers.get('set-auth-token')}`;
    const headers = { authorization, ...(body ? json : {}) };
    const answer = await fetch(url(path), {
      method,
      headers,
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    // biome-ignore lint/suspicious/noExplicitAny: schemas are tested elsewhere
    return { status: answer.status, body: (await answer.json()) as any };
  };
  const head = async () => (await send('GET', '/api/fertigation')).body.heads[0];
  const tank = async () => (await head()).tanks[0];
  try {
    await end(gateway, 'SIGTERM');
    const path = join(dataDir, 'gateway', 'farm.json');
    writeFileSync(path, JSON.stringify(laidOut(JSON.parse(readFileSync(path, 'utf8')))));
    gateway = await startGateway(dataDir, ports, env);
    let onDose = () => {};
    const pump = device(PUMP, ({ action }) => {
      if (action === 'open') onDose();
    });
    const zones = ['a1', 'a2'];
    // Nothing is watered from a source while a valve behind it has said nothing.
    for (const zone of [...zones, 'a3']) device(`valve-${zone}`);

    // Two runs into the cup.
    const cup = '/api/fertigation/tanks/a/calibrate';
    for (let run = 0; run < 2; run++) {
      const ask = () => send('POST', cup, { seconds: 12, holdsCup: true });
      let calibrationId = '';
      await expect
        .poll(async () => {
          const answer = await ask();
          calibrationId = answer.body.calibration?.calibrationId ?? '';
          return answer.status;
        }, PATIENCE)
        .toBe(202);
      await expect.poll(async () => (await tank()).calibration.stage, PATIENCE).toBe('measure');
      const measured = await send('POST', `${cup}/measured`, { calibrationId, millilitres: 12 * RATE });
      expect(measured.status).toBe(201);
    }
    expect((await tank()).rate).toBe(RATE);
    expect((await send('POST', '/api/fertigation/tanks/a/filled', { litres: 50 })).status).toBe(201);

    let givenSeconds = 0;
    let lastMs = performance.now();
    const watch = setInterval(() => {
      const nowMs = performance.now();
      if (pump.isOn) givenSeconds += ((nowMs - lastMs) / 1000) * SPEED;
      lastMs = nowMs;
    }, 10);
    for (const zone of zones) {
      const killed = new Promise<string>((told) => {
        onDose = () => {
          onDose = () => {};
          void end(gateway, 'SIGKILL').then(() => told('killed'));
        };
      });
      // A run that a busy machine has ended before its dose is asked for again; until then the answer is that it runs.
      await expect
        .poll(async () => {
          const open = send('POST', `/api/zones/${zone}/open`, { durationSeconds: 300 });
          const asked = Promise.all([open, head()]).catch((error: Error) => error.message);
          return await Promise.race([killed, asked]);
        }, PATIENCE)
        .toBe('killed');
      // By its own lease.
      await expect.poll(() => pump.isOn, { timeout: 5_000, interval: 20 }).toBe(false);
      gateway = await startGateway(dataDir, ports, env);
      expect(pump.isOn).toBe(false);
    }
    clearInterval(watch);
    expect(givenSeconds).toBeGreaterThan(0);
    const { givenTodayMillilitres, leftLitres } = await tank();
    expect(givenTodayMillilitres).toBeLessThanOrEqual(PER_DAY);
    expect(givenSeconds * RATE).toBeLessThanOrEqual(givenTodayMillilitres + RATE);
    expect(leftLitres).toBeCloseTo(50 - givenTodayMillilitres / 1000, 5);
    const { doses } = (await send('GET', '/api/fertigation/doses')).body;
    expect(doses.length).toBeGreaterThan(0);
    expect(doses.every(({ isUpperBound }: { isUpperBound: boolean }) => isUpperBound)).toBe(true);
  } finally {
    clearInterval(words);
    await probe.endAsync(true);
    for (const one of devices) await one.end();
    await end(gateway, 'SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  }
});
