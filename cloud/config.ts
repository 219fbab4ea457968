import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StartProblem } from '@nongtin/service';
import type { Bucket } from './uplink/archive/bucket-objects.ts';

/** Everything the cloud takes from its environment, checked and with defaults. Ports: 0 lets the system choose. */
export interface CloudConfig {
  readonly dataDir: string;
  /** Address the doors are bound to. */
  readonly host: string;
  readonly httpPort: number;
  /** The gateways' MQTT. */
  readonly uplinkPort: number;
  /** The chain as we reach it; may hold a provider's key, so it is shown to nobody. */
  readonly rpcUrl: string;
  /** The chain as buyers reach it without us, for who would rather not ask us. */
  readonly publicRpcUrls: readonly string[];
  /** Undefined: the embedded engine keeps the records. */
  readonly databaseUrl: string | undefined;
  readonly demo: boolean;
  /** Where buyers reach this service: printed on the stamps. */
  readonly publicUrl: string;
  /** The built buyer's page. */
  readonly verifyPageDir: string;
  /** Undefined: the door for gateways is in this process. */
  readonly nats: NatsConfig | undefined;
  /** A folder or a bucket for what gateways sent, indexed in PostgreSQL. Undefined: one SQLite file. */
  readonly archive: { readonly folder: string } | Bucket | undefined;
  /** Health and figures of a process that only takes entries; undefined: no door. */
  readonly ingestPort: number | undefined;
}

interface NatsConfig {
  readonly servers: readonly string[];
  /** Folder of the cluster's keys. */
  readonly keys: string;
  /** Whether the cloud's own process takes entries as well; otherwise workers beside it do. */
  readonly ingest: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function readConfig(env: Environment): CloudConfig {
  const databaseUrl = text(env, 'NONGTIN_DATABASE_URL');
  const dataDir = resolve(text(env, 'NONGTIN_DATA_DIR') ?? './data');
  const nats = readNats(env, dataDir);
  const archive = readArchive(env, nats === undefined ? undefined : join(dataDir, 'cloud', 'archive'));
  needDatabase(databaseUrl, nats === undefined ? archive && 'NONGTIN_ARCHIVE' : 'NONGTIN_NATS_URL');
  const httpPort = port(env, 'NONGTIN_CLOUD_PORT', 8080);
  const publicUrl = text(env, 'NONGTIN_PUBLIC_URL') ?? `http://localhost:${httpPort}`;
  const rpcUrl = url('NONGTIN_RPC_URL', text(env, 'NONGTIN_RPC_URL') ?? 'http://127.0.0.1:8545', web);
  return {
    ...{ dataDir, nats, archive },
    host: text(env, 'NONGTIN_HOST') ?? '0.0.0.0',
    httpPort,
    uplinkPort: port(env, 'NONGTIN_UPLINK_PORT', 1884),
    rpcUrl,
    publicRpcUrls: publicRpcUrls(env, rpcUrl),
    databaseUrl:
      databaseUrl === undefined
        ? undefined
        : url('NONGTIN_DATABASE_URL', databaseUrl, ['postgres:', 'postgresql:']),
    demo: readSwitch(env, 'NONGTIN_DEMO'),
    publicUrl: url('NONGTIN_PUBLIC_URL', publicUrl, web),
    verifyPageDir: resolve(text(env, 'NONGTIN_VERIFY_DIR') ?? builtPage()),
    ingestPort: env.NONGTIN_INGEST_PORT === 'off' ? undefined : port(env, 'NONGTIN_INGEST_PORT', 8090),
  };
}

function readNats(env: Environment, dataDir: string): NatsConfig | undefined {
  const given = text(env, 'NONGTIN_NATS_URL');
  if (given === undefined) return undefined;
  return {
    servers: given.split(',').map((one) => url('NONGTIN_NATS_URL', one.trim(), ['nats:', 'tls:'])),
    keys: resolve(text(env, 'NONGTIN_NATS_KEYS') ?? join(dataDir, 'cloud', 'nats', 'keys')),
    ingest: readSwitch(env, 'NONGTIN_CLOUD_INGEST'),
  };
}

/** The bucket's keys have the names that all S3 tools use. */
function readArchive(env: Environment, fallback: string | undefined): CloudConfig['archive'] {
  const given = text(env, 'NONGTIN_ARCHIVE') ?? fallback;
  if (given === undefined) return undefined;
  if (!/^[a-z0-9]+:\/\//i.test(given)) return { folder: resolve(given) };
  const [keyId, secret] = [text(env, 'AWS_ACCESS_KEY_ID'), text(env, 'AWS_SECRET_ACCESS_KEY')];
  if (keyId === undefined || secret === undefined)
    throw new StartProblem(
      'NONGTIN_ARCHIVE is a bucket: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for it.',
    );
  return {
    url: url('NONGTIN_ARCHIVE', given, web),
    region: text(env, 'AWS_REGION') ?? 'us-east-1',
    keyId,
    secret,
  };
}

function needDatabase(databaseUrl: string | undefined, asks: string | undefined): void {
  if (databaseUrl !== undefined || asks === undefined) return;
  throw new StartProblem(
    `${asks} needs a PostgreSQL server, which several processes can share: set NONGTIN_DATABASE_URL, or unset ${asks}.`,
  );
}

/** A chain on this machine is no secret; any other address is shown only when it is said to be public. */
function publicRpcUrls(env: Environment, rpcUrl: string): string[] {
  const given = text(env, 'NONGTIN_PUBLIC_RPC_URLS');
  if (given !== undefined)
    return given.split(',').map((one) => url('NONGTIN_PUBLIC_RPC_URLS', one.trim(), web));
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(rpcUrl).hostname) ? [rpcUrl] : [];
}

const web = ['http:', 'https:'];

function builtPage(): string {
  return join(fileURLToPath(new URL('..', import.meta.url)), 'dashboards/dist/verify');
}

/** A variable that is set to nothing counts as not set, as in most shells' habits. */
function text(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}

function port(env: Environment, name: string, fallback: number): number {
  const value = text(env, name) ?? String(fallback);
  if (/^\d{1,5}$/.test(value) && Number(value) <= 65_535) return Number(value);
  throw new StartProblem(`${name}=${value} is no port: give a number from 0 to 65535.`);
}

function readSwitch(env: Environment, name: string): boolean {
  const value = text(env, name) ?? 'on';
  if (value === 'on' || value === 'off') return value === 'on';
  throw new StartProblem(`${name}=${value} is neither on nor off.`);
}

/** Never repeats the value: an address may hold a password. */
function url(name: string, value: string, protocols: readonly string[]): string {
  if (URL.canParse(value) && protocols.includes(new URL(value).protocol)) return value;
  throw new StartProblem(`${name} is no address that begins with ${protocols.join('// or ')}//.`);
}
