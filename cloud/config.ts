import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StartProblem } from '@nongtin/service';

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
  /** Where readings go as series; undefined: nowhere. In a 1.x the login is in the URL. */
  readonly influx:
    | {
        readonly url: string;
        readonly token: string | undefined;
        readonly org: string;
        readonly rawDays: number;
      }
    | undefined;
  readonly demo: boolean;
  /** Where buyers reach this service: printed on the stamps. */
  readonly publicUrl: string;
  /** The built buyer's page. */
  readonly verifyPageDir: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function readConfig(env: Environment): CloudConfig {
  const databaseUrl = text(env, 'NONGTIN_DATABASE_URL');
  const httpPort = port(env, 'NONGTIN_CLOUD_PORT', 8080);
  const publicUrl = text(env, 'NONGTIN_PUBLIC_URL') ?? `http://localhost:${httpPort}`;
  const rpcUrl = url('NONGTIN_RPC_URL', text(env, 'NONGTIN_RPC_URL') ?? 'http://127.0.0.1:8545', web);
  return {
    dataDir: resolve(text(env, 'NONGTIN_DATA_DIR') ?? './data'),
    host: text(env, 'NONGTIN_HOST') ?? '0.0.0.0',
    httpPort,
    uplinkPort: port(env, 'NONGTIN_UPLINK_PORT', 1884),
    rpcUrl,
    publicRpcUrls: publicRpcUrls(env, rpcUrl),
    databaseUrl:
      databaseUrl === undefined
        ? undefined
        : url('NONGTIN_DATABASE_URL', databaseUrl, ['postgres:', 'postgresql:']),
    influx: influx(env),
    demo: readSwitch(env, 'NONGTIN_DEMO'),
    publicUrl: url('NONGTIN_PUBLIC_URL', publicUrl, web),
    verifyPageDir: resolve(text(env, 'NONGTIN_VERIFY_DIR') ?? builtPage()),
  };
}

/** A chain on this machine is no secret; any other address is shown only when it is said to be public. */
function publicRpcUrls(env: Environment, rpcUrl: string): string[] {
  const given = text(env, 'NONGTIN_PUBLIC_RPC_URLS');
  if (given !== undefined)
    return given.split(',').map((one) => url('NONGTIN_PUBLIC_RPC_URLS', one.trim(), web));
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(rpcUrl).hostname) ? [rpcUrl] : [];
}

/** Longer than a season, so that the last one can be looked at beside this one. */
const RAW_DAYS = 400;

function influx(env: Environment): CloudConfig['influx'] {
  const address = text(env, 'NONGTIN_CLOUD_INFLUX_URL');
  if (address === undefined) return undefined;
  const days = text(env, 'NONGTIN_CLOUD_INFLUX_DAYS') ?? String(RAW_DAYS);
  if (!/^[1-9]\d{0,4}$/.test(days))
    throw new StartProblem(`NONGTIN_CLOUD_INFLUX_DAYS=${days} is no number of days from 1 to 99999.`);
  return {
    url: url('NONGTIN_CLOUD_INFLUX_URL', address, web),
    token: text(env, 'NONGTIN_CLOUD_INFLUX_TOKEN'),
    org: text(env, 'NONGTIN_CLOUD_INFLUX_ORG') ?? '',
    rawDays: Number(days),
  };
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
