import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StartProblem } from '@nongtin/service';
import { defaultFeeRules, type FeeRules, type TreeRules } from './anchoring/index.ts';
import type { ChainFiles } from './chain-access.ts';
import type { TransitOptions } from './keystore/index.ts';
import type { Bucket } from './uplink/archive/bucket-objects.ts';

/** Everything the cloud takes from its environment, checked and with defaults. Ports: 0 lets the system choose. */
export interface CloudConfig {
  readonly dataDir: string;
  /** Address the doors are bound to. */
  readonly host: string;
  readonly httpPort: number;
  /** Pages and API over TLS. Undefined: no such door. */
  readonly httpsPort: number | undefined;
  /** The gateways' MQTT. */
  readonly uplinkPort: number;
  /** The same over TLS, where gateways come in by certificate. Undefined: no such door. */
  readonly uplinkTlsPort: number | undefined;
  /** Where gateways are told that the uplink is. Undefined: where they reach us. */
  readonly uplinkPublicUrl: string | undefined;
  /** Host names and addresses for our certificate, besides those that the machine has. */
  readonly tlsNames: readonly string[];
  /** A certificate of somebody else's for our doors. Undefined: our own authority's. */
  readonly tlsFiles: { readonly cert: string; readonly key: string } | undefined;
  /** The chain as we reach it, by one endpoint or several; may hold providers' keys, so they are shown to nobody. */
  readonly rpcUrls: readonly string[];
  /** How many of them must say the same. */
  readonly rpcQuorum: number;
  /** Undefined: the embedded chain's, in the data folder. */
  readonly chainFiles: ChainFiles | undefined;
  /** When what waits becomes a tree. */
  readonly trees: TreeRules;
  /** How much may be paid for it. */
  readonly fees: FeeRules;
  /** Money for fewer days than this is an alarm. */
  readonly fundsWarnDays: number;
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
  /** What the secrets of stamps and signing keys are wrapped under. Neither: a key file in the clear, for its owner only. */
  readonly stampKeys: {
    readonly passphraseFile: string | undefined;
    readonly transit: TransitOptions | undefined;
  };
  /** Where the change log is written: best on another disk than the database. */
  readonly changeLogDir: string;
  readonly demo: boolean;
  /** Where buyers reach this service: printed on the stamps. */
  readonly publicUrl: string;
  /** Proxies of ours before the HTTP doors: what they say of a client's address is believed. Addresses or networks (CIDR). */
  readonly trustedProxies: readonly string[];
  /** The built buyer's page. */
  readonly verifyPageDir: string;
  /** The built console. */
  readonly consoleDir: string;
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
  const rpcUrls = (text(env, 'NONGTIN_RPC_URL') ?? 'http://127.0.0.1:8545')
    .split(',')
    .map((one) => url('NONGTIN_RPC_URL', one.trim(), web));
  return {
    ...{ dataDir, nats, archive },
    host: text(env, 'NONGTIN_HOST') ?? '0.0.0.0',
    httpPort,
    httpsPort: portOrOff(env, 'NONGTIN_CLOUD_TLS_PORT', 8443),
    uplinkPort: port(env, 'NONGTIN_UPLINK_PORT', 1884),
    uplinkTlsPort: portOrOff(env, 'NONGTIN_UPLINK_TLS_PORT', 8884),
    uplinkPublicUrl: uplinkPublicUrl(env),
    tlsNames: tlsNames(env, publicUrl),
    tlsFiles: tlsFiles(env),
    ...{ rpcUrls, rpcQuorum: rpcQuorum(env, rpcUrls.length), ...readPaying(env) },
    chainFiles: chainFiles(env),
    publicRpcUrls: publicRpcUrls(env, rpcUrls),
    databaseUrl:
      databaseUrl === undefined
        ? undefined
        : url('NONGTIN_DATABASE_URL', databaseUrl, ['postgres:', 'postgresql:']),
    influx: influx(env),
    stampKeys: stampKeys(env),
    changeLogDir: resolve(text(env, 'NONGTIN_CHANGE_LOG') ?? join(dataDir, 'cloud', 'changes')),
    demo: readSwitch(env, 'NONGTIN_DEMO'),
    publicUrl: url('NONGTIN_PUBLIC_URL', publicUrl, web),
    trustedProxies: trustedProxies(env),
    verifyPageDir: resolve(text(env, 'NONGTIN_VERIFY_DIR') ?? builtPage('verify')),
    consoleDir: resolve(text(env, 'NONGTIN_CONSOLE_DIR') ?? builtPage('console')),
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

function trustedProxies(env: Environment): string[] {
  const given = (text(env, 'NONGTIN_TRUSTED_PROXIES') ?? '').split(/[\s,]+/).filter((one) => one !== '');
  for (const one of given) {
    const [address = '', bits, ...more] = one.split('/');
    const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
    const fits = bits === undefined || (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= most);
    if (most < 0 || !fits || more.length > 0)
      throw new StartProblem(
        `NONGTIN_TRUSTED_PROXIES: ${one} is neither an address nor a network such as 10.1.0.0/16.`,
      );
  }
  return given;
}

/** A chain on this machine is no secret; any other address is shown only when it is said to be public. */
function publicRpcUrls(env: Environment, rpcUrls: readonly string[]): string[] {
  const given = text(env, 'NONGTIN_PUBLIC_RPC_URLS');
  if (given !== undefined)
    return given.split(',').map((one) => url('NONGTIN_PUBLIC_RPC_URLS', one.trim(), web));
  return rpcUrls.filter((one) => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(one).hostname));
}

/** More than half of the endpoints, unless told otherwise: two camps cannot both have that many. */
function rpcQuorum(env: Environment, endpoints: number): number {
  const quorum = whole(env, 'NONGTIN_RPC_QUORUM', Math.floor(endpoints / 2) + 1);
  if (quorum <= endpoints) return quorum;
  throw new StartProblem(
    `NONGTIN_RPC_QUORUM=${quorum} is more than the ${endpoints} endpoints of NONGTIN_RPC_URL.`,
  );
}

const GWEI = 10n ** 9n;

function readPaying(env: Environment): Pick<CloudConfig, 'trees' | 'fees' | 'fundsWarnDays'> {
  const { maxFeePerGasWei, transactionBudgetWei, dayBudgetWei, bumpAfterMs } = defaultFeeRules;
  const wei = (name: string, fallback: bigint) => BigInt(digits(env, name, `${fallback}`, 30));
  return {
    trees: {
      everySeconds: whole(env, 'NONGTIN_ANCHOR_SECONDS', 2),
      atLeaves: whole(env, 'NONGTIN_ANCHOR_LEAVES', 1000),
    },
    fees: {
      maxFeePerGasWei: wei('NONGTIN_GAS_MAX_GWEI', maxFeePerGasWei / GWEI) * GWEI,
      transactionBudgetWei: wei('NONGTIN_GAS_TRANSACTION_BUDGET_WEI', transactionBudgetWei),
      dayBudgetWei: wei('NONGTIN_GAS_DAY_BUDGET_WEI', dayBudgetWei),
      bumpAfterMs: 1000 * whole(env, 'NONGTIN_GAS_BUMP_SECONDS', bumpAfterMs / 1000),
    },
    fundsWarnDays: whole(env, 'NONGTIN_GAS_DAYS_LEFT', 7),
  };
}

function whole(env: Environment, name: string, fallback: number): number {
  return Number(digits(env, name, String(fallback), 9));
}

function digits(env: Environment, name: string, fallback: string, most: number): string {
  const value = text(env, name) ?? fallback;
  if (/^[1-9]\d*$/.test(value) && value.length <= most) return value;
  throw new StartProblem(`${name}=${value} is no whole number above zero, of at most ${most} digits.`);
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

function chainFiles(env: Environment): ChainFiles | undefined {
  const file = (name: string) => {
    const given = text(env, name);
    return given === undefined ? undefined : resolve(given);
  };
  const deployment = file('NONGTIN_DEPLOYMENT');
  const keystores = {
    anchorerKeystore: file('NONGTIN_ANCHORER_KEYSTORE'),
    cooperativeKeystore: file('NONGTIN_COOPERATIVE_KEYSTORE'),
  };
  const passphraseFile = file('NONGTIN_KEYSTORE_PASSPHRASE_FILE');
  const isKeyGiven = Object.values(keystores).some((keystore) => keystore !== undefined);
  if (isKeyGiven && (deployment === undefined || passphraseFile === undefined))
    throw new StartProblem(
      'NONGTIN_ANCHORER_KEYSTORE and NONGTIN_COOPERATIVE_KEYSTORE need NONGTIN_DEPLOYMENT, the file that "chain deploy" has written, and NONGTIN_KEYSTORE_PASSPHRASE_FILE.',
    );
  return deployment === undefined ? undefined : { deployment, ...keystores, passphraseFile };
}

function stampKeys(env: Environment): CloudConfig['stampKeys'] {
  const passphraseFile = text(env, 'NONGTIN_STAMP_KEY_PASSPHRASE_FILE');
  const given = text(env, 'NONGTIN_STAMP_KMS_URL');
  const files = { passphraseFile: passphraseFile && resolve(passphraseFile) };
  if (given === undefined) return { ...files, transit: undefined };
  const tokenFile = text(env, 'NONGTIN_STAMP_KMS_TOKEN_FILE');
  if (tokenFile === undefined)
    throw new StartProblem(
      'NONGTIN_STAMP_KMS_URL needs NONGTIN_STAMP_KMS_TOKEN_FILE: a file with the token for it.',
    );
  const key = text(env, 'NONGTIN_STAMP_KMS_KEY') ?? 'nongtin-stamps';
  const address = url('NONGTIN_STAMP_KMS_URL', given, web);
  return { ...files, transit: { url: address, key, tokenFile: resolve(tokenFile) } };
}

/** Gateways are given it as it stands, so it holds no login. */
function uplinkPublicUrl(env: Environment): string | undefined {
  const given = text(env, 'NONGTIN_UPLINK_PUBLIC_URL');
  if (given === undefined) return undefined;
  const { username, pathname } = new URL(url('NONGTIN_UPLINK_PUBLIC_URL', given, ['mqtt:', 'mqtts:']));
  if (username === '' && ['', '/'].includes(pathname)) return given;
  throw new StartProblem('NONGTIN_UPLINK_PUBLIC_URL is mqtts://HOST:PORT or mqtt://HOST:PORT, nothing else.');
}

const web = ['http:', 'https:'];

function builtPage(name: 'verify' | 'console'): string {
  return join(fileURLToPath(new URL('..', import.meta.url)), 'dashboards/dist', name);
}

/** Those that people gave, and the name that stamps print; brackets of an IPv6 address are the URL's. */
function tlsNames(env: Environment, publicUrl: string): string[] {
  const given = (text(env, 'NONGTIN_TLS_NAMES') ?? '').split(/[\s,]+/).filter((name) => name !== '');
  if (!URL.canParse(publicUrl)) return given;
  return [...given, new URL(publicUrl).hostname.replace(/^\[|\]$/g, '')];
}

function tlsFiles(env: Environment): CloudConfig['tlsFiles'] {
  const cert = text(env, 'NONGTIN_CLOUD_TLS_CERT');
  const key = text(env, 'NONGTIN_CLOUD_TLS_KEY');
  if (cert === undefined && key === undefined) return undefined;
  if (cert !== undefined && key !== undefined) return { cert: resolve(cert), key: resolve(key) };
  throw new StartProblem(
    'NONGTIN_CLOUD_TLS_CERT and NONGTIN_CLOUD_TLS_KEY belong together: give the files of a certificate and of its key, or neither.',
  );
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

function portOrOff(env: Environment, name: string, fallback: number): number | undefined {
  return text(env, name) === 'off' ? undefined : port(env, name, fallback);
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
