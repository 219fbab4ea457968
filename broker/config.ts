import { join } from 'node:path';
import { StartProblem } from '@nongtin/service';

export interface BrokerConfig {
  /** Shared with the gateway, so that a device keeps its password whoever runs the broker. */
  readonly credentialsPath: string;
  /** The demo's passwords; undefined when NONGTIN_DEMO=off. */
  readonly demoPath: string | undefined;
  readonly host: string;
  readonly port: number;
}

export function readConfig(env: Readonly<Record<string, string | undefined>>): BrokerConfig {
  const dataDir = env.NONGTIN_DATA_DIR ?? './data';
  return {
    credentialsPath: join(dataDir, 'gateway', 'credentials.json'),
    demoPath: readSwitch('NONGTIN_DEMO', env.NONGTIN_DEMO) ? join(dataDir, 'demo.json') : undefined,
    host: env.NONGTIN_HOST ?? '0.0.0.0',
    port: readPort('NONGTIN_MQTT_PORT', env.NONGTIN_MQTT_PORT ?? '1883'),
  };
}

function readPort(name: string, text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new StartProblem(`${name}=${text} is no port: give a number from 0 to 65535.`);
}

function readSwitch(name: string, text = 'on'): boolean {
  if (text === 'on' || text === 'off') return text === 'on';
  throw new StartProblem(`${name}=${text} is neither on nor off.`);
}
