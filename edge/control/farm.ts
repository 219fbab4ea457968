import { StartProblem } from '@nongtin/service';
import type { Ask } from './client.ts';

/** What was typed behind a command, by name. */
export interface Given {
  readonly role?: string | undefined;
  readonly zone?: string | undefined;
  readonly name?: string | undefined;
  readonly flow?: string | undefined;
  readonly valve?: string | undefined;
  readonly crop?: string | undefined;
  readonly hectares?: string | undefined;
}

/** One request of the gateway, and what to say when it is done. */
export type FarmCommand =
  | {
      readonly kind: 'ask';
      readonly method: 'POST' | 'DELETE';
      readonly path: string;
      readonly body?: object;
      readonly done: string;
    }
  | { readonly kind: 'found' }
  | { readonly kind: 'zones' }
  | { readonly kind: 'test'; readonly zone: string };

/** From what was typed about the farm's layout; undefined: it is about something else. Throws an Error that says what is missing. */
export function farmCommand(words: readonly string[], given: Given): FarmCommand | undefined {
  const [about, what, first, second] = words;
  const one = (value: string | undefined, usage: string) => {
    if (value === undefined) throw new Error(`${usage} is expected`);
    return value;
  };
  const post = (path: string, body: object, done: string): FarmCommand => ({
    kind: 'ask',
    method: 'POST',
    path,
    body,
    done,
  });
  switch (`${about} ${what}`) {
    case 'device found':
      return { kind: 'found' };
    case 'device place':
      return post(
        '/api/devices/place',
        placing(one(first, 'device place ID --role ROLE'), given),
        `${first} has its place.`,
      );
    case 'device rename':
      return post(
        '/api/devices/rename',
        { device: one(first, 'device rename ID --name NAME'), name: one(given.name, '--name') },
        `${first} has its name.`,
      );
    case 'device replace':
      return post(
        '/api/devices/replace',
        { device: one(first, 'device replace ID WITH'), hardware: one(second, 'device replace ID WITH') },
        `${second} speaks for ${first} from now on; its series go on.`,
      );
    case 'device retire':
      return post(
        '/api/devices/retire',
        { device: one(first, 'device retire ID') },
        `${first} has no place any more.`,
      );
    case 'plot add':
      return post(
        '/api/plots',
        {
          name: one(first, 'plot add NAME'),
          crop: one(given.crop, '--crop'),
          areaHectares: numberIn(one(given.hectares, '--hectares'), '--hectares'),
        },
        'Plot added.',
      );
    case 'zone add':
      return post(
        '/api/zones',
        { plot: one(first, 'zone add PLOT NAME'), name: one(second, 'zone add PLOT NAME') },
        'Zone added.',
      );
    case 'zone remove':
      return {
        kind: 'ask',
        method: 'DELETE',
        path: `/api/zones/${encodeURIComponent(one(first, 'zone remove ZONE'))}`,
        done: `${first} is removed.`,
      };
    case 'zone list':
      return { kind: 'zones' };
    case 'zone test':
      return { kind: 'test', zone: one(first, 'zone test ZONE') };
    default:
      return undefined;
  }
}

/** What a command about the layout answers, for a person to read. `wait` passes some time between two questions. */
export async function farm(command: FarmCommand, ask: Ask, wait: () => Promise<void>): Promise<string> {
  switch (command.kind) {
    case 'ask': {
      const answer = await ask(command.method, command.path, command.body);
      const { id } = (answer ?? {}) as { id?: string };
      return id === undefined ? command.done : `${command.done} Its id is ${id}.`;
    }
    case 'found':
      return foundList((await ask('GET', '/api/devices/found')) as FoundList);
    case 'zones':
      return zoneList((await ask('GET', '/api/farm')) as Layout);
    case 'test':
      return tested(command.zone, ask, wait);
  }
}

function placing(device: string, { role, zone, name, flow, valve }: Given): object {
  if (role === undefined) throw new Error('--role soil_probe, valve, flow_meter, sensor or farm is expected');
  return {
    ...{ device, role },
    ...(zone === undefined ? {} : { zone }),
    ...(name === undefined ? {} : { name }),
    ...(flow === undefined ? {} : { nominalFlowLitresPerMinute: numberIn(flow, '--flow') }),
    ...(valve === undefined ? {} : { valve: jsonIn(valve) }),
  };
}

function numberIn(text: string, option: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value))
    throw new Error(`${option} must be a number, not '${text}'`);
  return value;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`--valve must be JSON, as in docs/valves.md, not '${text}'`);
  }
}

interface FoundList {
  readonly found: readonly {
    readonly id: string;
    readonly family: string | null;
    readonly model: string | null;
    readonly isDismissed: boolean;
    readonly values: readonly {
      readonly metric: string;
      readonly channel: string;
      readonly value: number;
      readonly unit: string;
    }[];
    readonly outputs: readonly { readonly valve: unknown }[];
  }[];
  readonly refused: readonly { readonly identity: string }[];
}

function foundList({ found, refused }: FoundList): string {
  const rows = found
    .filter(({ isDismissed }) => !isDismissed)
    .flatMap(({ id, family, model, values, outputs }) => [
      `${id}  ${[family, model].filter((word) => word !== null).join(', ')}`,
      ...values.map(({ metric, channel, value, unit }) =>
        `    ${metric} ${channel} ${value} ${unit}`.trimEnd(),
      ),
      ...outputs.flatMap(({ valve }) => (valve === null ? [] : `    --valve '${JSON.stringify(valve)}'`)),
    ]);
  const strangers = refused.map(
    ({ identity }) => `refused: ${identity}; if it is yours: npm run nongtin -- device add ${identity}`,
  );
  const told = [...rows, ...strangers];
  return told.length === 0 ? 'Every device that speaks has its place.' : told.join('\n');
}

interface Layout {
  readonly plots: readonly {
    readonly id: string;
    readonly name: string;
    readonly zones: readonly {
      readonly id: string;
      readonly name: string;
      readonly valve: string | null;
      readonly soilProbe: string | null;
    }[];
  }[];
}

function zoneList({ plots }: Layout): string {
  if (plots.length === 0)
    return 'There is no plot yet: npm run nongtin -- plot add NAME --crop CROP --hectares H';
  return plots
    .flatMap(({ id, name, zones }) => [
      `${id}  ${name}`,
      ...zones.map(
        (zone) => `    ${zone.id}  ${zone.name}  valve ${zone.valve ?? '–'}  probe ${zone.soilProbe ?? '–'}`,
      ),
    ])
    .join('\n');
}

interface Tests {
  readonly tests: readonly {
    readonly testId: string;
    readonly outcome: string;
    readonly closedAfterSeconds: number | null;
    readonly litres: number | null;
    readonly flowLitresPerMinute: number | null;
    readonly findings: readonly { readonly key: string; readonly figures: object }[];
  }[];
}

/** Begins a wet test and waits for what comes of it. */
async function tested(zone: string, ask: Ask, wait: () => Promise<void>): Promise<string> {
  const path = `/api/zones/${encodeURIComponent(zone)}/wet-test`;
  const before = ((await ask('GET', `${path}s`)) as Tests).tests[0]?.testId;
  await ask('POST', path, {});
  for (;;) {
    await wait();
    const [last] = ((await ask('GET', `${path}s`)) as Tests).tests;
    if (last === undefined || last.testId === before) continue;
    const figures = [
      `closed by itself after ${last.closedAfterSeconds ?? '–'} s`,
      `${last.litres ?? '–'} L`,
      `${last.flowLitresPerMinute ?? '–'} L/min`,
      ...last.findings.map(({ key, figures }) => `${key} ${JSON.stringify(figures)}`),
    ];
    const words = `${last.outcome}: ${figures.join(', ')}`;
    if (last.outcome !== 'passed') throw new StartProblem(words);
    return words;
  }
}
