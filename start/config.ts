import { join, resolve } from 'node:path';
import { freePorts, StartProblem } from '@nongtin/service';

/** A port that one of our processes opens. */
export interface Door {
  readonly name: string;
  readonly variable: string;
  readonly port: number;
}

type FurtherDoor = 'mqttTls' | 'mqttWebSocket' | 'gatewayTls' | 'cloudTls' | 'uplinkTls';

/** What `npm start` takes from its environment and arguments, checked and with defaults. */
export interface StartConfig {
  readonly root: string;
  readonly dataDir: string;
  readonly host: string;
  readonly doors: {
    readonly mqtt: Door;
    readonly uplink: Door;
    readonly gateway: Door;
    readonly cloud: Door;
    readonly rpc: Door;
  };
  /** Doors over TLS and WebSocket. Undefined: switched off, or their port is another program's. */
  readonly further: Readonly<Record<FurtherDoor, Door | undefined>>;
  /** Where devices speak to a broker that is not the gateway's, without log-in; undefined: the gateway has its own. */
  readonly externalMqttUrl: string | undefined;
  /** The chain's RPC of somebody else; undefined: we keep our own chain. */
  readonly externalRpcUrl: string | undefined;
  /** An InfluxDB of somebody else; undefined: our own if influxd is installed. */
  readonly externalInfluxUrl: string | undefined;
  readonly influxPort: number;
  readonly demo: boolean;
  readonly simulate: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where in the repository's folder everything is. */
export function readConfig(env: Environment, args: readonly string[], root: string): StartConfig {
  const unknown = args.find((arg) => arg !== '--no-sim');
  if (unknown !== undefined) {
    throw new StartProblem(
      `npm start does not know ${unknown}: it takes --no-sim (after --), or use npm run broker|gateway|cloud|sim|chain|bench.`,
    );
  }
  const demo = text(env, 'NONGTIN_DEMO') ?? 'on';
  if (demo !== 'on' && demo !== 'off') {
    throw new StartProblem(`NONGTIN_DEMO=${demo} is not known: use on or off.`);
  }
  return {
    root,
    dataDir: resolve(text(env, 'NONGTIN_DATA_DIR') ?? join(root, 'data')),
    host: text(env, 'NONGTIN_HOST') ?? '0.0.0.0',
    doors: {
      mqtt: door(env, 'farm MQTT', 'NONGTIN_MQTT_PORT', 1883),
      uplink: door(env, 'cloud uplink', 'NONGTIN_UPLINK_PORT', 1884),
      gateway: door(env, 'field dashboard', 'NONGTIN_GATEWAY_PORT', 8081),
      cloud: door(env, 'cloud', 'NONGTIN_CLOUD_PORT', 8080),
      rpc: door(env, 'chain', 'NONGTIN_RPC_PORT', 8545),
    },
    further: {
      mqttTls: doorOrOff(env, 'farm MQTT, TLS', 'NONGTIN_MQTT_TLS_PORT', 8883),
      mqttWebSocket: doorOrOff(env, 'farm MQTT, WebSocket', 'NONGTIN_MQTT_WS_PORT', 9001),
      gatewayTls: doorOrOff(env, 'diary on phones', 'NONGTIN_GATEWAY_TLS_PORT', 8444),
      cloudTls: doorOrOff(env, 'cloud, TLS', 'NONGTIN_CLOUD_TLS_PORT', 8443),
      uplinkTls: doorOrOff(env, 'cloud uplink, TLS', 'NONGTIN_UPLINK_TLS_PORT', 8884),
    },
    externalMqttUrl: withoutLogin(text(env, 'NONGTIN_MQTT_BROKER_URL')),
    externalRpcUrl: text(env, 'NONGTIN_RPC_URL'),
    externalInfluxUrl: text(env, 'NONGTIN_INFLUX_URL'),
    influxPort: door(env, 'InfluxDB', 'NONGTIN_INFLUX_PORT', 8086).port,
    demo: demo === 'on',
    simulate: demo === 'on' && !args.includes('--no-sim'),
  };
}

/** Port 0 means any free one; it is chosen here, because the processes have to tell each other. */
export async function choosePorts(config: StartConfig): Promise<StartConfig> {
  const { mqtt, uplink, gateway, cloud, rpc } = config.doors;
  const { mqttTls, mqttWebSocket, gatewayTls, cloudTls, uplinkTls } = config.further;
  const chosen = await freePorts(11);
  const settle = (one: Door, index: number): Door => ({ ...one, port: one.port || (chosen[index] ?? 0) });
  return {
    ...config,
    doors: {
      mqtt: settle(mqtt, 0),
      uplink: settle(uplink, 1),
      gateway: settle(gateway, 2),
      cloud: settle(cloud, 3),
      rpc: settle(rpc, 4),
    },
    further: {
      mqttTls: mqttTls && settle(mqttTls, 6),
      mqttWebSocket: mqttWebSocket && settle(mqttWebSocket, 7),
      gatewayTls: gatewayTls && settle(gatewayTls, 10),
      cloudTls: cloudTls && settle(cloudTls, 8),
      uplinkTls: uplinkTls && settle(uplinkTls, 9),
    },
    influxPort: config.influxPort || (chosen[5] ?? 0),
  };
}

function doorOrOff(env: Environment, name: string, variable: string, fallback: number): Door | undefined {
  return text(env, variable) === 'off' ? undefined : door(env, name, variable, fallback);
}

function door(env: Environment, name: string, variable: string, fallback: number): Door {
  const given = text(env, variable);
  const port = given === undefined ? fallback : Number(given);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return { name, variable, port };
  throw new StartProblem(`${variable}=${given} is no port: give a whole number from 0 to 65535.`);
}

/** What is no address is told by the gateway, which knows what it wants of it. */
function withoutLogin(address: string | undefined): string | undefined {
  if (address === undefined || !URL.canParse(address)) return address === undefined ? undefined : 'mqtt://';
  const { protocol, host } = new URL(address);
  return `${protocol}//${host}`;
}

/** A variable that is set to nothing counts as not set. */
function text(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}
