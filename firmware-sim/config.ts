import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { StartProblem } from '@nongtin/service';

export interface Config {
  /** Folder that holds demo.json with the devices' passwords. */
  readonly dataDir: string;
  readonly brokerUrl: string;
  /** How many seconds pass on the farm in one real second; undefined: as the scenario says. */
  readonly speed: number | undefined;
  readonly seed: number | undefined;
  /** Name or file of a scenario; undefined: the demo farm. */
  readonly scenario: string | undefined;
  readonly logins: Logins;
  /** Where to write what really happened in the field; undefined: nowhere. */
  readonly truthPath: string | undefined;
  /** It ends with the scenario, with a verdict as exit code. */
  readonly exits: boolean;
  /** Only says something, and ends. */
  readonly ask:
    | { readonly what: 'list' }
    | { readonly what: 'help' }
    | { readonly what: 'describe'; readonly scenario: string }
    | undefined;
}

/** How devices log in: with the demo's passwords, with one login for all, each with its own, or without. */
type Logins =
  | { readonly kind: 'demo' }
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'one'; readonly username: string; readonly password: string }
  | { readonly kind: 'each'; readonly passwords: Readonly<Record<string, string>> };

type Environment = Readonly<Record<string, string | undefined>>;

const FASTEST = 3600;
const OPTIONS =
  '--scenario NAME, --list, --describe NAME, --speed N, --seed N, --broker mqtt://host:port, --username U, --password P, --passwords FILE, --truth FILE, --exit and --help';

/** What `--help` says. */
export const HELP = `npm run sim -- [options]: a simulated farm that speaks MQTT as devices do (firmware-sim/README.md)

  --scenario NAME|FILE.json  without it: the demo's farm, without faults
  --list                     which scenarios there are
  --describe NAME|FILE.json  which devices a scenario has, and what fails when
  --broker URL               default mqtt://127.0.0.1:1883, or NONGTIN_BROKER_URL
  --speed N                  seconds on the farm in one real second, 0.01 to ${FASTEST}
  --seed N                   another weather, other noise
  --username U --password P  one login for all devices; the password may stand in NONGTIN_SIM_PASSWORD
  --passwords FILE           each device its own: {"soil-n1": "…"}
  --truth FILE               what really happened, as JSON, at the end
  --exit                     ends with the scenario; exit code 1 when something did not come as expected
  -h, --help                 this
`;

/** From the command line's options, then the environment, then defaults. Throws a StartProblem on a bad value. */
export function readConfig(env: Environment, args: readonly string[] = []): Config {
  const options = readOptions(args);
  const broker = options.broker ?? text(env, 'NONGTIN_BROKER_URL');
  const speed = options.speed ?? text(env, 'NONGTIN_SPEED');
  const speeds = { min: 0.01, max: FASTEST };
  const seeds = { min: 0, max: 2 ** 31, integer: true };
  return {
    dataDir: text(env, 'NONGTIN_DATA_DIR') ?? './data',
    brokerUrl: brokerUrlOf(broker ?? localBroker(text(env, 'NONGTIN_MQTT_PORT'))),
    speed: speed === undefined ? undefined : numberOf(speed, 'The speed', speeds),
    seed: options.seed === undefined ? undefined : numberOf(options.seed, 'The seed', seeds),
    scenario: options.scenario,
    logins: loginsOf(options, text(env, 'NONGTIN_SIM_PASSWORD')),
    truthPath: options.truth,
    exits: exitsOf(options),
    ask: askOf(options),
  };
}

/** A variable that is set to nothing counts as not set. */
function text(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}

type Options = ReturnType<typeof readOptions>;

function readOptions(args: readonly string[]) {
  const [option, flag] = [{ type: 'string' }, { type: 'boolean' }] as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...{ speed: option, broker: option, seed: option, scenario: option, describe: option },
        ...{ username: option, password: option, passwords: option, truth: option },
        ...{ list: flag, exit: flag, help: { ...flag, short: 'h' } },
      },
    }).values;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('. ')[0] : String(error);
    throw new StartProblem(`${reason}: the options are ${OPTIONS}.`);
  }
}

function exitsOf({ exit = false, scenario }: Options): boolean {
  if (exit && scenario === undefined)
    throw new StartProblem("--exit needs --scenario: the demo's farm has no end.");
  return exit;
}

function askOf({ help, list, describe }: Options): Config['ask'] {
  if (help === true) return { what: 'help' };
  if (describe !== undefined) return { what: 'describe', scenario: describe };
  return list === true ? { what: 'list' } : undefined;
}

function loginsOf(options: Options, secret: string | undefined): Logins {
  const { username, password = secret, passwords, scenario } = options;
  if (passwords !== undefined && username !== undefined)
    throw new StartProblem('Give --username or --passwords, not both.');
  if (passwords !== undefined) return { kind: 'each', passwords: passwordsIn(passwords) };
  if (username !== undefined && password === undefined)
    throw new StartProblem('--username needs --password, or NONGTIN_SIM_PASSWORD in the environment.');
  if (username === undefined && options.password !== undefined)
    throw new StartProblem('--password needs --username.');
  if (username !== undefined && password !== undefined) return { kind: 'one', username, password };
  return { kind: scenario === undefined ? 'demo' : 'anonymous' };
}

/** {"soil-n1": "…"}, or a gateway's demo.json, which has them under `devices`. */
function passwordsIn(path: string): Record<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    throw new StartProblem(`${path} cannot be read as JSON: it must hold {"device": "password", …}.`);
  }
  const found = isRecord(value) && isRecord(value.devices) ? value.devices : value;
  if (isRecord(found) && Object.values(found).every((password) => typeof password === 'string'))
    return found as Record<string, string>;
  throw new StartProblem(`${path} must hold {"device": "password", …}.`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
