import { parseArgs } from 'node:util';
import { StartProblem } from '@nongtin/service';

export interface Config {
  /** Folder that holds demo.json with the devices' passwords. */
  readonly dataDir: string;
  readonly brokerUrl: string;
  /** How many seconds pass on the farm in one real second. */
  readonly speed: number;
  readonly seed: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const FASTEST = 3600;

/** From the command line's options, then the environment, then defaults. Throws a StartProblem on a bad value. */
export function readConfig(env: Environment, args: readonly string[] = []): Config {
  const options = readOptions(args);
  const broker = options.broker ?? text(env, 'NONGTIN_BROKER_URL');
  return {
    dataDir: text(env, 'NONGTIN_DATA_DIR') ?? './data',
    brokerUrl: brokerUrlOf(broker ?? localBroker(text(env, 'NONGTIN_MQTT_PORT'))),
    speed: numberOf(options.speed ?? text(env, 'NONGTIN_SPEED') ?? '1', 'The speed', {
      min: 0.01,
      max: FASTEST,
    }),
    seed: numberOf(options.seed ?? '1', 'The seed', { min: 0, max: 2 ** 31, integer: true }),
  };
}

/** A variable that is set to nothing counts as not set. */
function text(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}

function readOptions(args: readonly string[]): { speed?: string; broker?: string; seed?: string } {
  try {
    const option = { type: 'string' } as const;
    return parseArgs({ args: [...args], options: { speed: option, broker: option, seed: option } }).values;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('. ')[0] : String(error);
    throw new StartProblem(`${reason}: the options are --speed N, --broker mqtt://host:port and --seed N.`);
  }
}

function numberOf(
  text: string,
  name: string,
  { min, max, integer = false }: { min: number; max: number; integer?: boolean },
): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= min && value <= max && (!integer || Number.isInteger(value))) return value;
  throw new StartProblem(
    `${name} must be ${integer ? 'a whole' : 'a'} number from ${min} to ${max}, not '${text}'.`,
  );
}

function localBroker(port = '1883'): string {
  const range = { min: 1, max: 65_535, integer: true };
  return `mqtt://127.0.0.1:${numberOf(port, 'NONGTIN_MQTT_PORT', range)}`;
}

function brokerUrlOf(text: string): string {
  const url = URL.parse(text);
  if (url !== null && ['mqtt:', 'mqtts:'].includes(url.protocol) && url.hostname !== '') return text;
  throw new StartProblem(`The broker's address must look like mqtt://host:port, not '${text}'.`);
}
