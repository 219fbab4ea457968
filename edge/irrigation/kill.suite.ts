import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { demoSecrets } from '@nongtin/accounts';
import { type RunRecord, topicOf, type ValveCommand } from '@nongtin/broker/wire';
import { freePort, seededRandom } from '@nongtin/service';
import { connect } from 'mqtt';
import { expect } from 'vitest';
import type { Farm } from '../farm/layout.ts';
import { end, spawnGateway, startGateway } from '../kill.suite.ts';

/** Farm seconds in one real second, so that leases are renewed while a test waits. */
const SPEED = 6;
const [PUMP, MASTER] = ['trap-1', 'trap-2'] as const;
const PUMPED = ['a1', 'a2', 'a3', 'b1'] as const;
/** Without a pump before it: opened for two minutes of the farm at a time. */
const RENEWED = 'b2';
/** Watered by its program, in parts. */
const PARTED = 'b3';
const ZONES = [...PUMPED, RENEWED, PARTED];
/** A valve, or a pump's contactor and its water, takes so long to come to rest. */
const CLOSING_MS = 400;
/** What drains through a valve that has closed. */
const DRAINING_MS = 2_500;
const LAW_MS = 5_000;
/** For what has to come, on a machine that does something else besides. */
const PATIENCE_MS = 120_000;

/** Where in a run the gateway is killed; each is told by what its devices hear and do, not by what it says. */
const points = [
  'opening',
  'running',
  'renewing',
  'stopping',
  'pump_lag',
  'closing',
  'leak_testing',
  'soak',
] as const;
type Point = (typeof points)[number];

interface Heard {
  readonly device: string;
  readonly command: ValveCommand;
}

/**
 * Kills the gateway with SIGKILL at points, in an order and at moments that the seed chooses, and often again while its next
 * start is closing what is open. Five seconds after a start nothing may be on, whatever was. The answer: at which points it was
 * killed, and how many devices were on then. Each pumped zone serves once, since it rests after a run.
 */
export async function killRound(seed: number): Promise<ReadonlyMap<Point, number>> {
  const random = seededRandom(seed);
  const field = new Field(random);
  try {
    await field.start();
    const caught = new Map<Point, number>();
    const pumped = shuffled(PUMPED, random);
    for (const point of shuffled(points, random)) {
      const zone = point === 'renewing' ? RENEWED : point === 'soak' ? PARTED : pumped.pop();
      if (zone === undefined) continue;
      await field.come(point, zone);
      caught.set(point, field.on().length);
      await field.kill();
      // Every third start does not live to close everything.
      if (random() < 0.35) await field.killInSweep();
      await field.restart();
      await expect.poll(field.on, { timeout: LAW_MS, interval: 50 }).toEqual([]);
    }
    await field.judge();
    return caught;
  } finally {
    await field.end();
  }
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
  return list
    .map((one) => ({ one, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
}

class Field {
  readonly #random: () => number;
  readonly #dataDir = mkdtempSync(join(tmpdir(), 'nongtin-kill-field-'));
  readonly #devices = new Map<string, Device>();
  #ports = { mqtt: 0, http: 0, uplink: 0, isElsewhere: false };
  #gateway: ChildProcess | undefined;
  #listen: (heard: Heard) => void = () => {};

  constructor(random: () => number) {
    this.#random = random;
  }

  async start(): Promise<void> {
    this.#ports = {
      ...{ mqtt: await freePort(), http: await freePort(), uplink: await freePort() },
      isElsewhere: false,
    };
    await this.restart();
    await end(this.#gateway as ChildProcess, 'SIGTERM');
    const path = join(this.#dataDir, 'gateway', 'farm.json');
    writeFileSync(path, JSON.stringify(laidOut(JSON.parse(readFileSync(path, 'utf8')))));
    await this.restart();
    const { devices } = demoSecrets(this.#dataDir);
    for (const id of [...ZONES.map((zone) => `valve-${zone}`), PUMP, MASTER])
      this.#devices.set(
        id,
        new Device(this.#ports.mqtt, id, devices[id] ?? '', (command) =>
          this.#listen({ device: id, command }),
        ),
      );
  }

  readonly on = (): string[] => [...this.#devices].flatMap(([id, device]) => (device.isOn ? [id] : []));

  /** Until the run of a zone has come to the point at which the gateway is to be killed, and a moment more. */
  async come(point: Point, zone: string): Promise<void> {
    const valve = `valve-${zone}`;
    await (point === 'soak' ? this.#dry(zone) : this.#open(zone));
    if (point === 'opening') return this.#moment(1_500);
    if (point !== 'soak') await this.#whenOn(valve);
    if (point !== 'soak' && point !== 'renewing') await this.#whenOn(PUMP);
    switch (point) {
      case 'running':
        return this.#moment(4_000);
      case 'renewing':
        // On a machine that is too slow to renew in time it closes instead, which is a point too.
        await expect
          .poll(() => this.#device(valve).isRenewed || !this.#device(valve).isOn, {
            ...{ timeout: PATIENCE_MS, interval: 20 },
          })
          .toBe(true);
        return this.#moment(300);
      case 'stopping':
        await this.#stop(zone, PUMP);
        return this.#moment(CLOSING_MS);
      case 'pump_lag':
        await this.#stop(zone, PUMP);
        await this.#whenOff(PUMP);
        return this.#moment(1_500);
      case 'closing':
        await this.#stop(zone, valve);
        return this.#moment(CLOSING_MS);
      case 'leak_testing':
        await this.#stop(zone, valve);
        await this.#whenOff(valve);
        return this.#moment(DRAINING_MS);
      case 'soak':
        await this.#whenOn(valve);
        await this.#whenOff(valve);
        return this.#moment(4_000);
    }
  }

  async kill(): Promise<void> {
    if (this.#gateway) await end(this.#gateway, 'SIGKILL');
  }

  /** Killed anew at the first closing that a start sends. */
  async killInSweep(): Promise<void> {
    const { child, ready } = spawnGateway(this.#dataDir, this.#ports, env);
    ready.catch(() => {});
    this.#gateway = child;
    await this.#until(({ command }) => command.action === 'close');
    await this.#moment(100);
    await this.kill();
  }

  async restart(): Promise<void> {
    this.#gateway = await startGateway(this.#dataDir, this.#ports, env);
  }

  /** Nothing was watered twice, and nobody was blamed. */
  async judge(): Promise<void> {
    const { runs } = (await this.#ask('GET', '/api/runs?limit=500')) as { runs: RunRecord[] };
    const cycles = runs.flatMap(({ zone, decisionId, cycle }) =>
      decisionId === undefined ? [] : [`${zone} ${decisionId} ${cycle}`],
    );
    expect(cycles).toEqual([...new Set(cycles)]);
    expect(new Set(runs.map(({ runId }) => runId)).size).toBe(runs.length);
    for (const device of this.#devices.values())
      expect(device.openedBy).toEqual([...new Set(device.openedBy)]);
    const { alarms } = (await this.#ask('GET', '/api/alarms')) as { alarms: { severity: string }[] };
    expect(alarms.filter(({ severity }) => severity === 'critical')).toEqual([]);
  }

  async end(): Promise<void> {
    for (const device of this.#devices.values()) await device.end();
    await this.kill();
    rmSync(this.#dataDir, { recursive: true, force: true });
  }

  #moment(longestMs: number): Promise<void> {
    return delay(this.#random() * longestMs);
  }

  #until(isIt: (heard: Heard) => boolean): Promise<void> {
    return within('a command', (done) => {
      this.#listen = (heard) => {
        if (isIt(heard)) done();
      };
    }).finally(() => {
      this.#listen = () => {};
    });
  }

  #device(id: string): Device {
    return this.#devices.get(id) ?? expect.fail(`${id} is no device`);
  }

  async #whenOff(id: string): Promise<void> {
    await expect.poll(() => this.#device(id).isOn, { timeout: PATIENCE_MS, interval: 20 }).toBe(false);
  }

  async #whenOn(id: string): Promise<void> {
    await expect.poll(() => this.#device(id).isOn, { timeout: PATIENCE_MS, interval: 20 }).toBe(true);
  }

  /** Its program waters it as soon as its probe says how dry it is. */
  async #dry(zone: string): Promise<void> {
    const id = `soil-${zone}`;
    const password = demoSecrets(this.#dataDir).devices[id] ?? '';
    const client = connect(`mqtt://127.0.0.1:${this.#ports.mqtt}`, {
      ...{ clientId: id, username: id, password, clean: true },
    });
    const payload = JSON.stringify({ soil_moisture: 0.12 });
    await new Promise<void>((resolve) =>
      client.publish(topicOf('readings', id), payload, { qos: 1 }, () => resolve()),
    );
    await client.endAsync();
  }

  async #open(zone: string): Promise<void> {
    const body = { durationSeconds: 300 };
    await expect
      .poll(() => this.#answer(`/api/zones/${zone}/open`, body), {
        timeout: PATIENCE_MS,
        interval: 200,
      })
      .toBe('accepted');
  }

  /** A person stops it; resolves when this device has heard that it is to close. */
  async #stop(zone: string, device: string): Promise<void> {
    await this.#moment(1_500);
    const heard = this.#until((one) => one.device === device && one.command.action === 'close');
    await this.#ask('POST', `/api/zones/${zone}/stop`);
    await heard;
  }

  /** What becomes of a wish, with the reason when it is refused. */
  async #answer(route: string, body: object): Promise<string> {
    const answer = await this.#fetch('POST', route, body);
    return answer.ok ? 'accepted' : answer.text();
  }

  async #ask(method: string, route: string, body?: object): Promise<unknown> {
    const answer = await this.#fetch(method, route, body);
    expect(answer.ok, `${route}: ${answer.status}`).toBe(true);
    return answer.json();
  }

  async #fetch(method: string, route: string, body?: object): Promise<Response> {
    const url = (path: string) => `http://127.0.0.1:${this.#ports.http}${path}`;
    const json = { 'content-type': 'application/json' };
    const { email, password } = demoSecrets(this.#dataDir).users.technician;
    const signedIn = await fetch(url('/api/auth/sign-in/email'), {
      ...{ method: 'POST', headers: json, body: JSON.stringify({ email, password }) },
    });
    const authorization = `Bearer ${signedIn.headers.get('set-auth-token')}`;
    return fetch(url(route), {
      ...{ method, headers: body === undefined ? { authorization } : { ...json, authorization } },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
}

const env = { NONGTIN_SPEED: String(SPEED) };

/** Four zones behind a pump, one whose lease is short, one that is watered in parts. */
function laidOut(farm: Farm): Farm {
  const own = (id: string) => {
    if (id === RENEWED) return { leaseSeconds: 120 };
    if (id !== PARTED) return { source: 'well' };
    const cycles = { maxSeconds: 20, minSoakSeconds: 30 };
    const moisture = { openBelowFraction: 0.2, targetFraction: 0.25, maxSeconds: 120 };
    return { program: { id: 'parts', kind: 'soil_moisture' as const, ...moisture, cycles } };
  };
  const undosed = farm.plots.filter(({ fertigation }) => fertigation === undefined);
  const plots = undosed.map((plot) => ({
    ...plot,
    zones: plot.zones.map((zone) => ({ ...zone, ...own(zone.id) })),
  }));
  const well = {
    ...{ id: 'well', name: 'Giếng', maxFlowLitresPerMinute: 80, gapSeconds: 0 },
    // The lag lasts two real seconds.
    ...{ pump: { valve: PUMP, leadSeconds: 0, lagSeconds: 12 }, masterValve: { valve: MASTER } },
  };
  const farmDevices = farm.farmDevices.filter((id) => id !== PUMP && id !== MASTER);
  return { ...farm, farmDevices, plots, sources: [well], heads: [], recipes: [] };
}

/** A valve or a relay: closes by its own timer, takes an id once, says what it does, whether anybody listens or not. */
export class Device {
  isOn = false;
  /** Commands that have really opened it. */
  readonly openedBy: string[] = [];
  readonly #id: string;
  readonly #client: ReturnType<typeof connect>;
  readonly #heard = new Set<string>();
  readonly #report: NodeJS.Timeout;
  readonly #onCommand: (command: ValveCommand) => void;
  #commandId: string | undefined;
  #litres = 100;
  #drainsUntilMs = 0;
  #lease: NodeJS.Timeout | undefined;

  constructor(port: number, id: string, password: string, onCommand: (command: ValveCommand) => void) {
    this.#id = id;
    this.#onCommand = onCommand;
    this.#client = connect(`mqtt://127.0.0.1:${port}`, {
      ...{ clientId: id, username: id, password, clean: true, reconnectPeriod: 100 },
    });
    this.#client.on('error', () => {});
    this.#client.on('connect', () => {
      this.#client.subscribe(topicOf('valveCommand', id), { qos: 1 });
      this.#client.publish(topicOf('status', id), 'online', { qos: 1, retain: true });
    });
    this.#client.on('message', (_topic, payload) => this.#obey(JSON.parse(payload.toString())));
    this.#report = setInterval(() => {
      if (this.isOn) this.#litres += 0.6 * SPEED;
      if (this.#client.connected) this.#say('periodic');
    }, 500);
  }

  get isRenewed(): boolean {
    return this.#commandId?.endsWith('~2') === true;
  }

  async end(): Promise<void> {
    clearInterval(this.#report);
    clearTimeout(this.#lease);
    await this.#client.endAsync(true);
  }

  #obey(command: ValveCommand): void {
    this.#onCommand(command);
    if (this.#heard.has(command.id)) {
      this.#say('periodic');
      return;
    }
    this.#heard.add(command.id);
    this.#commandId = command.id;
    clearTimeout(this.#lease);
    if (command.action === 'close') {
      this.#lease = setTimeout(() => this.#turn(false, 'command'), this.isOn ? CLOSING_MS : 0);
      return;
    }
    this.#turn(true, 'command');
    this.openedBy.push(command.id);
    this.#lease = setTimeout(
      () => this.#turn(false, 'lease_ended'),
      (command.durationSeconds * 1000) / SPEED,
    );
  }

  #turn(isOn: boolean, cause: string): void {
    clearTimeout(this.#lease);
    if (this.isOn && !isOn) this.#drainsUntilMs = Date.now() + DRAINING_MS;
    this.isOn = isOn;
    this.#say(cause);
  }

  #say(cause: string): void {
    const isFlowing = this.isOn || Date.now() < this.#drainsUntilMs;
    const report = {
      ...{ state: this.isOn ? 'open' : 'closed', cause, commandId: this.#commandId },
      ...{ totalLitres: this.#litres, flowLitresPerMinute: isFlowing ? 38 : 0 },
    };
    this.#client.publish(topicOf('valveState', this.#id), JSON.stringify(report), { qos: 0 });
  }
}

function within(what: string, begin: (done: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const tooLong = setTimeout(() => reject(new Error(`${what} never came`)), PATIENCE_MS);
    begin(() => {
      clearTimeout(tooLong);
      resolve();
    });
  });
}
