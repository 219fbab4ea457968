import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StartProblem } from '@nongtin/service';
import type { ClockTrust } from './clock/index.ts';
import { readSecrets, type Secrets } from './notifications/secrets.ts';

/** Everything the gateway takes from its environment, checked and with defaults. Ports: 0 lets the system choose. */
export interface GatewayConfig {
  readonly dataDir: string;
  /** Address the doors are bound to. */
  readonly host: string;
  readonly mqttPort: number;
  /** Where the plain door of the farm's MQTT is bound. */
  readonly mqttHost: string;
  /** Open MQTT connections, at most. */
  readonly mqttConnections: number;
  readonly httpPort: number;
  /** The same over TLS. Undefined: no such door. */
  readonly httpsPort: number | undefined;
  /** MQTT over TLS, and over WebSocket. Undefined: no such door. */
  readonly mqttTlsPort: number | undefined;
  readonly mqttWebSocketPort: number | undefined;
  /** Host names and addresses for our certificate, besides those that the machine has. */
  readonly tlsNames: readonly string[];
  /** A certificate of somebody else's. Undefined: our own authority's. */
  readonly tlsFiles: { readonly cert: string; readonly key: string } | undefined;
  /** The broker that devices speak to, when it is not our own; then we open no door of MQTT. */
  readonly externalBroker: ExternalBrokerConfig | undefined;
  /** Undefined: where the enrolment says. */
  readonly uplinkUrl: string | undefined;
  /** A file: who signed the uplink's certificate. Undefined: whom the enrolment named. */
  readonly uplinkCaFile: string | undefined;
  /** Whether the cloud's people may ask for watering and change how zones are watered. */
  readonly remoteCommands: boolean;
  /** Undefined: readings go to SQLite. */
  readonly influxUrl: string | undefined;
  /** Of an InfluxDB 2 or 3. Undefined: it is 1.x, with its login in the URL. */
  readonly influxToken: string | undefined;
  readonly influxOrg: string;
  /** The bucket, or in 1.x and 3.x the database. */
  readonly influxBucket: string;
  /** Address or file of a weather forecast (Open-Meteo's JSON); undefined: none. */
  readonly forecastSource: string | undefined;
  readonly demo: boolean;
  /** Farm seconds in one real second; 1 unless this is the demo farm. */
  readonly speed: number;
  /** How often the journal commits; `gentle` spares an SD card. */
  readonly journalProfile: 'normal' | 'gentle';
  /** The size above which the journal gives up its oldest delivered readings. */
  readonly journalMaxMiB: number;
  /** Whether the machine's clock is trusted; 'auto' finds out. */
  readonly clock: ClockTrust;
  /** The built field dashboard. */
  readonly dashboardDir: string;
  /** The page's sentences, in which people are told of alarms. */
  readonly messagesDir: string;
  /** Of the channels by which they are told. */
  readonly notificationSecrets: Secrets;
}

export interface ExternalBrokerConfig {
  readonly host: string;
  readonly port: number;
  /** Undefined: a log-in of our own, which the files for Mosquitto hold. */
  readonly login: { readonly username: string; readonly password: string } | undefined;
  /** `caFile`: who signs the broker's certificate; undefined: whom the system trusts. */
  readonly tls: { readonly caFile: string | undefined } | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function readConfig(env: Environment): GatewayConfig {
  const demo = choice(env, 'NONGTIN_DEMO', ['on', 'off'], 'on') === 'on';
  const speed = number(env, 'NONGTIN_SPEED', 1, 1, 3600);
  if (!demo && speed !== 1) {
    throw new StartProblem(
      `NONGTIN_SPEED=${env.NONGTIN_SPEED} is for the demo farm only, water does not run faster than time: unset it, or set NONGTIN_DEMO=on.`,
    );
  }
  const influxUrl = text(env, 'NONGTIN_INFLUX_URL');
  const uplinkUrl = text(env, 'NONGTIN_UPLINK_URL');
  const influxToken = text(env, 'NONGTIN_INFLUX_TOKEN');
  if (influxToken !== undefined && influxUrl === undefined) {
    throw new StartProblem(
      'NONGTIN_INFLUX_TOKEN is of no use without NONGTIN_INFLUX_URL: set the address too.',
    );
  }
  return {
    dataDir: resolve(text(env, 'NONGTIN_DATA_DIR') ?? './data'),
    host: text(env, 'NONGTIN_HOST') ?? '0.0.0.0',
    mqttPort: port(env, 'NONGTIN_MQTT_PORT', 1883),
    mqttHost: text(env, 'NONGTIN_MQTT_HOST') ?? text(env, 'NONGTIN_HOST') ?? '0.0.0.0',
    mqttConnections: number(env, 'NONGTIN_MQTT_CONNECTIONS', 1_000, 1, 100_000),
    httpPort: port(env, 'NONGTIN_GATEWAY_PORT', 8081),
    httpsPort: portOrOff(env, 'NONGTIN_GATEWAY_TLS_PORT', 8444),
    mqttTlsPort: portOrOff(env, 'NONGTIN_MQTT_TLS_PORT', 8883),
    mqttWebSocketPort: portOrOff(env, 'NONGTIN_MQTT_WS_PORT', 9001),
    tlsNames: (text(env, 'NONGTIN_TLS_NAMES') ?? '').split(/[\s,]+/).filter((name) => name !== ''),
    tlsFiles: tlsFiles(env),
    externalBroker: externalBroker(env),
    uplinkUrl:
      uplinkUrl === undefined ? undefined : url('NONGTIN_UPLINK_URL', uplinkUrl, ['mqtt:', 'mqtts:']),
    uplinkCaFile: uplinkCaFile(env, uplinkUrl),
    remoteCommands: choice(env, 'NONGTIN_REMOTE_COMMANDS', ['on', 'off'], 'on') === 'on',
    influxUrl:
      influxUrl === undefined ? undefined : url('NONGTIN_INFLUX_URL', influxUrl, ['http:', 'https:']),
    influxToken,
    influxOrg: text(env, 'NONGTIN_INFLUX_ORG') ?? '',
    influxBucket: text(env, 'NONGTIN_INFLUX_BUCKET') ?? 'nongtin',
    forecastSource: text(env, 'NONGTIN_FORECAST'),
    demo,
    speed,
    journalProfile:
      choice(env, 'NONGTIN_JOURNAL_PROFILE', ['normal', 'gentle'], 'normal') === 'gentle'
        ? 'gentle'
        : 'normal',
    journalMaxMiB: number(env, 'NONGTIN_JOURNAL_MAX_MIB', 2_048, 16, 1_048_576),
    clock: choice(env, 'NONGTIN_CLOCK', ['auto', 'trusted', 'untrusted'], 'auto') as ClockTrust,
    dashboardDir: resolve(text(env, 'NONGTIN_DASHBOARD_DIR') ?? builtDashboard()),
    messagesDir: join(fileURLToPath(new URL('..', import.meta.url)), 'dashboards/field/messages'),
    notificationSecrets: readSecrets(env),
  };
}

function builtDashboard(): string {
  return join(fileURLToPath(new URL('..', import.meta.url)), 'dashboards/dist/field');
}

/** A variable that is set to nothing counts as not set, as in most shells' habits. */
function text(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}

function number(env: Environment, name: string, fallback: number, min: number, max: number): number {
  const given = text(env, name);
  const value = given === undefined ? fallback : Number(given);
  if (Number.isFinite(value) && value >= min && value <= max) return value;
  throw new StartProblem(`${name}=${given} is no number from ${min} to ${max}: correct it or unset it.`);
}

function port(env: Environment, name: string, fallback: number): number {
  const value = number(env, name, fallback, 0, 65_535);
  if (Number.isInteger(value)) return value;
  throw new StartProblem(`${name}=${value} is no port: give a whole number from 0 to 65535.`);
}

function portOrOff(env: Environment, name: string, fallback: number): number | undefined {
  return text(env, name) === 'off' ? undefined : port(env, name, fallback);
}

function tlsFiles(env: Environment): GatewayConfig['tlsFiles'] {
  const cert = text(env, 'NONGTIN_TLS_CERT');
  const key = text(env, 'NONGTIN_TLS_KEY');
  if (cert === undefined && key === undefined) return undefined;
  if (cert !== undefined && key !== undefined) return { cert: resolve(cert), key: resolve(key) };
  throw new StartProblem(
    'NONGTIN_TLS_CERT and NONGTIN_TLS_KEY belong together: give the files of a certificate and of its key, or neither.',
  );
}

function uplinkCaFile(env: Environment, uplinkUrl: string | undefined): string | undefined {
  const path = text(env, 'NONGTIN_UPLINK_CA');
  if (path === undefined) return undefined;
  if (uplinkUrl === undefined || uplinkUrl.startsWith('mqtts:')) return resolve(path);
  throw new StartProblem(
    'NONGTIN_UPLINK_CA is of use only over TLS: set NONGTIN_UPLINK_URL=mqtts://…, or unset it.',
  );
}

function externalBroker(env: Environment): ExternalBrokerConfig | undefined {
  const given = text(env, 'NONGTIN_MQTT_BROKER_URL');
  const caFile = text(env, 'NONGTIN_MQTT_BROKER_CA');
  const isSecure = given?.startsWith('mqtts:') === true;
  if (caFile !== undefined && !isSecure)
    throw new StartProblem(
      'NONGTIN_MQTT_BROKER_CA is of use only with NONGTIN_MQTT_BROKER_URL=mqtts://…: set that, or unset it.',
    );
  if (given === undefined) return undefined;
  const parsed = new URL(url('NONGTIN_MQTT_BROKER_URL', given, ['mqtt:', 'mqtts:']));
  const { hostname, port, username, password, pathname, search, hash } = parsed;
  const hasRest = !['', '/'].includes(pathname) || search !== '' || hash !== '';
  if (hostname === '' || hasRest || (username === '') !== (password === ''))
    throw new StartProblem(
      'NONGTIN_MQTT_BROKER_URL is mqtt://HOST:PORT or mqtt://USER:PASSWORD@HOST:PORT (or mqtts://…), nothing else: correct it.',
    );
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (isSecure ? 8883 : 1883) : Number(port),
    login: username === '' ? undefined : decodedLogin(username, password),
    tls: isSecure ? { caFile: caFile === undefined ? undefined : resolve(caFile) } : undefined,
  };
}

function decodedLogin(username: string, password: string): { username: string; password: string } {
  try {
    return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch {
    throw new StartProblem(
      'NONGTIN_MQTT_BROKER_URL has a % in user or password that begins no character: write it as %25.',
    );
  }
}

function choice(env: Environment, name: string, allowed: readonly string[], fallback: string): string {
  const value = text(env, name) ?? fallback;
  if (allowed.includes(value)) return value;
  throw new StartProblem(`${name}=${value} is not known: use ${allowed.join(' or ')}.`);
}

function url(name: string, value: string, protocols: readonly string[]): string {
  const parsed = URL.canParse(value) ? new URL(value) : undefined;
  if (parsed && protocols.includes(parsed.protocol)) return value;
  // The value itself is not repeated: a URL may hold a password.
  throw new StartProblem(
    `${name} is no address that starts with ${protocols.map((p) => `${p}//`).join(' or ')}: correct it.`,
  );
}
