import type { InfluxServer, StoredNumbers } from './influx.ts';

/** When a load began: by this machine's clock, and by its devices' own. */
export interface Beginning {
  readonly wallMs: number;
  readonly deviceMs: number;
}

/** One way from devices to rows: what is measured, whether it is ours or a peer. Runs when it is handed out. */
export interface Side {
  readonly name: 'ours' | 'nodeRedSingle' | 'nodeRedBatched';
  readonly mqttPort: number;
  readonly influx: InfluxServer;
  /** What this device signs in with; undefined when the broker asks for nothing. */
  password(device: string): string | undefined;
  /** The processes whose CPU is the cost of this side: broker, pipeline, database. */
  pids(): readonly number[];
  /** The process that carries readings to the database. */
  pipelinePid(): number;
  /** Messages whose four readings are all in InfluxDB since then. */
  stored(since: Beginning): Promise<number>;
  storedNumbers(): Promise<StoredNumbers>;
  /** The newest message of this device that a query finds; 0 when there is none. */
  newestNumber(device: string): Promise<number>;
  /** SIGKILL of the pipeline, and its start on what it has left; resolves when it works again. */
  killAndRestart(): Promise<void>;
  stop(): Promise<void>;
}

/** Where devices publish, whoever listens. */
export const READINGS_TOPIC = 'nongtin/v1/{device}/readings';
export const valveStateTopic = (valve: string) => `nongtin/v1/${valve}/valve/state`;
export const valveCommandTopic = (valve: string) => `nongtin/v1/${valve}/valve/command`;
