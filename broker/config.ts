import { join } from 'node:path';
import { StartProblem } from '@nongtin/service';

export interface BrokerConfig {
  /** Shared with the gateway, so that a device keeps its password whoever runs the broker. */
  readonly credentialsPath: string;
  readonly sessionsPath: string;
  /** The demo's passwords. */
  readonly demoPath: string;
  /** Whether they are valid. */
  readonly demo: boolean;
  readonly host: string;
  readonly port: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function readConfig(env: Environment): BrokerConfig {
  const dataDir = text(env, 'NONGTIN_DATA_DIR') ?? './data';
  return {
    credentialsPath: join(dataDir, 'gateway', 'credentials.json'),
    sessionsPath: join(dataDir, 'gateway', 'sessions.sqlite'),
    demoPath: join(dataDir, 'demo.json'),
    demo: readSwitch('NONGTIN_DEMO', text(env, 'NONGTIN_DEMO')),
    host: text(env, 'NONGTIN_HOST') ?? '0.0.0.0',
    port: readPort('NONGTIN_MQTT_PORT', text(env, 'NONGTIN_MQTT_PORT') ?? '1883'),
  };
}

/** A variable that is set to nothing counts as not set. */
function text(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
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
