import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { demoSecrets } from '@nongtin/accounts';
import { isRecordPayload, observedAtMs, parseReadings, type UplinkEntry } from '@nongtin/broker/wire';
import { freePorts, seededRandom } from '@nongtin/service';
import { program } from './bad-network.ts';
import { CutLink, type CutPoint } from './cut-link.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const GATEWAY = 'gw-cut';
const PASSWORD = 'known to both of them only';
const POINTS: readonly CutPoint[] = ['before', 'middle', 'storing', 'stored', 'answered'];
const READY = '"msg":"ready"';
const DAY_MS = 86_400_000;

/** One entry as both sides keep it. */
type Kept = Pick<UplinkEntry, 'number' | 'previousHash' | 'payload' | 'signature'> & {
  readonly hash: string;
};

interface DayRow {
  readonly device: string;
  readonly day: number;
  readonly count: number;
  readonly sumMicro: string;
  readonly min: number;
  readonly max: number;
}

export interface CutStory {
  readonly cuts: number;
  readonly kills: { readonly gateway: number; readonly cloud: number };
  readonly gateway: { readonly entries: readonly Kept[]; readonly days: readonly DayRow[] };
  readonly cloud: { readonly entries: readonly Kept[]; readonly days: readonly DayRow[] };
  /** As the cloud shows the gateway in the end. */
  readonly progress: unknown;
}

/**
 * A gateway's journal and uplink, and a cloud, each a real process, with a link between them that is cut at chosen points
 * while the gateway goes on writing; and either side is killed at such a point now and then. The same seed cuts and kills
 * in the same order.
 */
export async function cutStory(options: {
  cuts: number;
  /** Of the cuts, how many kill: each side in turn. */
  kills: number;
  seed: number;
  /** No cut begins after this time. */
  seconds?: number;
}): Promise<CutStory> {
  const dataDir = mkdtempSync(join(tmpdir(), 'nongtin-cuts-'));
  const [http = 0, uplink = 0] = await freePorts(2);
  const cloud = new Cloud(dataDir, { http, uplink });
  const link = new CutLink(uplink);
  const gateway = new Gateway(join(dataDir, 'gateway'), await link.open());
  try {
    await cloud.start();
    await gateway.start();
    await cloud.register(gateway.told?.publicKey ?? '');
    const { cuts, kills } = await cutAll(options, link, { gateway, cloud });
    const entries = await gateway.finish();
    const progress = await cloud.finish(entries.length);
    const stored = storedEntries(dataDir);
    return {
      ...{ cuts, kills, progress },
      gateway: { entries, days: daysOf(entries) },
      cloud: { entries: stored, days: await projectedDays(dataDir) },
    };
  } finally {
    link.close();
    await Promise.all([gateway.kill(), cloud.kill()]);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function cutAll(
  { cuts, kills, seed, seconds = Number.POSITIVE_INFINITY }: Parameters<typeof cutStory>[0],
  link: CutLink,
  sides: { readonly gateway: Gateway; readonly cloud: Cloud },
) {
  const random = seededRandom(seed);
  const untilMs = Date.now() + seconds * 1000;
  const counts = { cuts: 0, kills: { gateway: 0, cloud: 0 } };
  const killEvery = Math.floor(cuts / kills);
  for (let index = 0; index < cuts && Date.now() < untilMs; index++) {
    // Every point in turn, so that each is met also by a kill of each side.
    const at = POINTS[(index + Math.floor(index / killEvery)) % POINTS.length] ?? 'middle';
    const victim = (Math.floor(index / killEvery) % 2 === 0 ? 'gateway' : 'cloud') as 'gateway' | 'cloud';
    const isKill = index % killEvery === killEvery - 1;
    const kill = () => void sides[victim].kill();
    await inTime(link.cut({ at, share: random(), ...(isKill ? { kill } : {}) }), `a message to cut ${at}`);
    counts.cuts += 1;
    if (isKill) {
      counts.kills[victim] += 1;
      await sides[victim].kill();
      await sides[victim].start();
    }
    await delay(random() * 50);
  }
  return counts;
}

async function inTime<T>(work: Promise<T>, what: string): Promise<T> {
  const late = AbortSignal.timeout(240_000);
  const given = once(late, 'abort').then(() => Promise.reject(new Error(`waited too long for ${what}`)));
  return Promise.race([work, given]);
}

interface Told {
  readonly publicKey: string;
  readonly lastNumber: number;
  readonly durableUpTo: number;
  readonly lastRefusal: { readonly number: number; readonly kind: string } | null;
}

/** A child process that is started as often as it is killed. */
class Process {
  protected child: ChildProcess | undefined;
  /** Of the network namespace that it runs in, if not in ours. */
  readonly #namespace: string | undefined;
  #said = '';

  constructor(namespace?: string) {
    this.#namespace = namespace;
  }

  protected async launch(
    file: string,
    args: readonly string[],
    env: Record<string, string>,
    isReady: (child: ChildProcess) => Promise<unknown>,
  ): Promise<void> {
    const flags = ['--disable-warning=ExperimentalWarning'];
    const inThere = ['netns', 'exec', this.#namespace ?? '', process.execPath, ...flags];
    const { PATH, NODE_COMPILE_CACHE } = process.env;
    const child = fork(join(repository, file), args, {
      ...{ silent: true, env: { PATH, NODE_COMPILE_CACHE, ...env } },
      ...(this.#namespace === undefined
        ? { execArgv: flags }
        : { execPath: program('ip') ?? 'ip', execArgv: inThere }),
    });
    this.child = child;
    this.#said = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (part: Buffer) => {
        this.#said = (this.#said + part.toString()).slice(-5_000);
      });
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${file} ended: ${this.#said}`)));
    ended.catch(() => {});
    await Promise.race([isReady(child), ended]);
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

export class Gateway extends Process {
  told: Told | undefined;
  readonly #folder: string;
  readonly #url: string;
  /** Behind a real link's delays, where the story's short patience would be none. */
  readonly #isFar: boolean;

  constructor(folder: string, url: string, namespace?: string) {
    super(namespace);
    this.#folder = folder;
    this.#url = url;
    this.#isFar = namespace !== undefined;
    mkdirSync(folder, { recursive: true });
  }

  start(): Promise<void> {
    const args = [this.#folder, this.#url, GATEWAY, PASSWORD];
    const env: Record<string, string> = this.#isFar ? { NONGTIN_TEST_TIMING: 'usual' } : {};
    return this.launch('edge/uplink/testing/gateway-process.ts', args, env, async (child) => {
      child.on('message', (told) => {
        this.told = told as Told;
      });
      await once(child, 'message');
    });
  }

  /** Writes no more; when the cloud has all of it, gives what the journal holds. */
  async finish(): Promise<Kept[]> {
    const { child } = this;
    if (child === undefined) return [];
    child.send('rest');
    for (let before = -1; before < (this.told?.lastNumber ?? 0); await delay(500))
      before = this.told?.lastNumber ?? 0;
    const isThere = async () => {
      while (this.told?.durableUpTo !== this.told?.lastNumber) await delay(20);
    };
    await inTime(isThere(), `the cloud's last answer: ${JSON.stringify(this.told)}`);
    const ended = once(child, 'exit');
    child.send('dump');
    await ended;
    return JSON.parse(readFileSync(join(this.#folder, 'dump.json'), 'utf8')) as Kept[];
  }
}

export class Cloud extends Process {
  readonly #dataDir: string;
  readonly #ports: { readonly http: number; readonly uplink: number };
  /** As this process reaches it. */
  readonly #address: string;

  constructor(
    dataDir: string,
    ports: { http: number; uplink: number },
    place?: { namespace: string; address: string },
  ) {
    super(place?.namespace);
    this.#address = place?.address ?? '127.0.0.1';
    this.#dataDir = dataDir;
    this.#ports = ports;
  }

  start(): Promise<void> {
    const env = {
      ...{ NONGTIN_DATA_DIR: this.#dataDir, NONGTIN_LOG: 'json' },
      NONGTIN_HOST: this.#address === '127.0.0.1' ? this.#address : '0.0.0.0',
      ...{ NONGTIN_CLOUD_PORT: `${this.#ports.http}`, NONGTIN_UPLINK_PORT: `${this.#ports.uplink}` },
      NONGTIN_RPC_URL: 'http://127.0.0.1:9',
    };
    return this.launch('cloud/main.ts', [], env, async (child) => {
      await new Promise<void>((resolve) => {
        let said = '';
        child.stdout?.on('data', (part: Buffer) => {
          said += part.toString();
          // Looked for in all of it: much may be said after it at once.
          if (said.includes(READY)) resolve();
          said = said.slice(-10_000);
        });
      });
    });
  }

  async register(publicKey: string): Promise<void> {
    const answer = await this.#call('POST', '/api/gateways', {
      ...{ gatewayId: GATEWAY, publicKey, uplinkPassword: PASSWORD },
    });
    if (!answer.ok) throw new Error(`registering was answered with ${answer.status}`);
  }

  /** How it shows the gateway. */
  async progress(): Promise<Record<string, unknown> | undefined> {
    const answer = await this.#call('GET', '/api/uplink');
    const { gateways } = (await answer.json()) as { gateways: Record<string, unknown>[] };
    return gateways.find(({ gatewayId }) => gatewayId === GATEWAY);
  }

  /** When everything up to this entry is projected: how it shows the gateway; then it is stopped. */
  async finish(lastNumber: number): Promise<unknown> {
    const isThere = async () => {
      for (;;) {
        const progress = await this.progress();
        if (progress?.projectedUpTo === lastNumber) return progress;
        await delay(50);
      }
    };
    const progress = await inTime(isThere(), 'the projection');
    const { child } = this;
    const ended = child && once(child, 'exit');
    child?.kill('SIGTERM');
    await ended;
    return progress;
  }

  async #call(method: string, path: string, body?: object): Promise<Response> {
    const base = `http://${this.#address}:${this.#ports.http}`;
    const headers = { 'content-type': 'application/json' };
    const { email, password } = demoSecrets(this.#dataDir).users.manager;
    const signIn = { method: 'POST', headers, body: JSON.stringify({ email, password }) };
    const token = (await fetch(`${base}/api/auth/sign-in/email`, signIn)).headers.get('set-auth-token');
    const authorised = { ...(body ? headers : {}), authorization: `Bearer ${token}` };
    return fetch(base + path, {
      method,
      headers: authorised,
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  }
}

export function storedEntries(dataDir: string): Kept[] {
  const file = new DatabaseSync(join(dataDir, 'cloud', 'entries.sqlite'), { readOnly: true });
  const all = file
    .prepare(
      'select number, previous_hash as previousHash, payload, signature, hash from entries order by number',
    )
    .all();
  file.close();
  return all as unknown as Kept[];
}

export async function projectedDays(dataDir: string): Promise<DayRow[]> {
  const child = fork(join(repository, 'cloud/testing/print-readings.ts'), [dataDir], { silent: true });
  let printed = '';
  child.stdout?.on('data', (part: Buffer) => {
    printed += part.toString();
  });
  await once(child, 'close');
  const rows = JSON.parse(printed) as Record<string, string | number>[];
  return sorted(
    rows.map(({ device_id: device, day, count, sum_micro: sumMicro, min, max }) => ({
      ...{ device, day, count, sumMicro, min, max },
    })) as DayRow[],
  );
}

/** What the daily rows of these entries have to be. */
export function daysOf(entries: readonly Kept[]): DayRow[] {
  const days = new Map<string, DayRow>();
  const readings = entries.flatMap(({ payload }) => (isRecordPayload(payload) ? [] : parseReadings(payload)));
  for (const reading of readings) {
    const { device, value } = reading;
    const day = Math.floor(observedAtMs(reading) / DAY_MS);
    const before = days.get(`${device} ${day}`);
    const { count = 0, sumMicro = '0', min = value, max = value } = before ?? {};
    const sum = BigInt(sumMicro) + BigInt(Math.round(value * 1e6));
    const row = { device, day, count: count + 1, sumMicro: `${sum}` };
    days.set(`${device} ${day}`, { ...row, min: Math.min(min, value), max: Math.max(max, value) });
  }
  return sorted([...days.values()]);
}

function sorted(rows: readonly DayRow[]): DayRow[] {
  const keyOf = ({ device, day }: DayRow) => `${day} ${device}`;
  return [...rows].sort((a, b) => keyOf(a).localeCompare(keyOf(b)));
}

/** NONGTIN_CUT_SEED repeats a run; a test's name tells the seed that was used. */
export function cutSeed(): number {
  return Number(process.env.NONGTIN_CUT_SEED ?? Date.now() % 1_000_000_000);
}
