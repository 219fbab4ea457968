import { fileURLToPath } from 'node:url';
import { freePort } from '@nongtin/service';
import { GatewaySide } from './gateway.ts';
import { startMosquitto } from './mosquitto.ts';
import { startServer } from './server.ts';

/** One MQTT broker, in a process of its own. Runs when it is handed out. */
export interface BrokerSide {
  readonly name: BrokerName;
  readonly port: number;
  readonly pid: number;
  /** What this client signs in with, under its id. */
  password(id: string): string | undefined;
  stop(): Promise<void>;
}

export type BrokerName = 'ours' | 'plainAedes' | 'mosquitto';

export interface Clients {
  readonly devices: readonly string[];
  /** Who may hear everything. */
  readonly listeners: readonly string[];
}

/**
 * The whole gateway: credentials, access list, ingest, journal. It is told of an InfluxDB that nobody runs, so readings
 * stay in the journal, and what a series store costs is left to the other benchmarks. A PUBACK means the same as ever.
 */
async function startOurs({ devices, listeners }: Clients): Promise<BrokerSide> {
  const influxUrl = `http://127.0.0.1:${await freePort()}`;
  const gateway = await GatewaySide.start({ influxUrl, devices, listeners });
  return {
    ...{ name: 'ours', port: gateway.mqttPort, pid: gateway.pid },
    password: (id) => gateway.passwords.get(id),
    stop: () => gateway.stop(),
  };
}

/** Lets everybody in, and is sent the same packets all the same. */
async function startPlainAedes(): Promise<BrokerSide> {
  const port = await freePort();
  const script = fileURLToPath(new URL('./plain-aedes.ts', import.meta.url));
  const server = await startServer(process.execPath, [script, String(port)], port);
  if (server === undefined) throw new Error('aedes did not start');
  return { name: 'plainAedes', ...server, password: samePassword };
}

async function startMosquittoSide({ devices, listeners }: Clients): Promise<BrokerSide> {
  const passwords = new Map([...devices, ...listeners].map((id) => [id, samePassword(id)]));
  return { name: 'mosquitto', ...(await startMosquitto(passwords)), password: samePassword };
}

/** As long as one of ours. */
const samePassword = (id: string) => id.padEnd(24, '-');

export const brokerStarts: Readonly<Record<BrokerName, (clients: Clients) => Promise<BrokerSide>>> = {
  ours: startOurs,
  plainAedes: startPlainAedes,
  mosquitto: startMosquittoSide,
};
