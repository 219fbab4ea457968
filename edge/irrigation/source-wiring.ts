import { topicOf, type ValveState } from '@nongtin/broker/wire';
import { type Actuator, actuatorOf, type Command, type Valve } from '../actuators/index.ts';
import { valveDevice } from '../farm/layout.ts';
import { isFitForControl } from '../ingest/quality.ts';
import type { ControlledSourceEvent, ControlReading } from './controller/types.ts';
import { partsOf, type Source } from './sources/schema.ts';
import type { ControlledSource, Gauge, PartName, SourceAction } from './sources/state.ts';
import type { Instant } from './time.ts';
import { controlledSource } from './zones.ts';

interface Wired {
  readonly source: string;
  readonly part: PartName;
  readonly valve: Valve;
  readonly actuator: Actuator;
}

/** A pump is told this as its own limit, for whoever switches it on by hand. */
const BY_HAND_SECONDS = 14_400;

/** What the pumps, master valves and sensors of the sources say and are told, in the words of their families. */
export class SourceWiring {
  #sources: readonly Source[] = [];
  #parts: readonly Wired[] = [];
  #partOfTopic: ReadonlyMap<string, Wired> = new Map();
  #controlled: readonly ControlledSource[] = [];

  constructor(sources: readonly Source[]) {
    this.follow(sources);
  }

  follow(sources: readonly Source[]): void {
    this.#sources = sources;
    this.#controlled = sources.map(controlledSource);
    this.#parts = sources.flatMap((source) =>
      partsOf(source).map(([part, valve]) => ({
        source: source.id,
        part,
        valve,
        actuator: actuatorOf(valve),
      })),
    );
    this.#partOfTopic = new Map(
      this.#parts.flatMap((wired) =>
        typeof wired.valve === 'string' ? [[topicOf('valveState', wired.valve), wired] as const] : [],
      ),
    );
  }

  get controlled(): readonly ControlledSource[] {
    return this.#controlled;
  }

  source(id: string): Source | undefined {
    return this.#sources.find((source) => source.id === id);
  }

  /** Whether this topic is where a pump or master valve of ours reports. */
  listensTo(topic: string): boolean {
    return this.#partOfTopic.has(topic);
  }

  report(topic: string, { state, commandId }: ValveState, now: Instant): ControlledSourceEvent | undefined {
    const wired = this.#partOfTopic.get(topic);
    if (wired === undefined) return undefined;
    return { kind: 'part', source: wired.source, part: wired.part, isOn: state === 'open', commandId, now };
  }

  /** Readings of one message. A flagged one switches nothing; the sensors' flags go with them. */
  take(readings: readonly ControlReading[], now: Instant): ControlledSourceEvent[] {
    if (this.#sources.length === 0) return [];
    return readings.flatMap((reading): ControlledSourceEvent[] => {
      const { metric, value, quality } = reading;
      if (metric === 'valve_open') {
        if (!isFitForControl(quality)) return [];
        const isOn = value >= 0.5;
        const told = this.#parts.filter((wired) => isOutput(wired, reading));
        return told.map(({ source, part }) => ({ kind: 'part', source, part, isOn, now }));
      }
      if (metric !== 'water_pressure' && metric !== 'tank_level') return [];
      return this.#sources.flatMap((source) =>
        gaugesOf(source, metric).flatMap(([what, gauge]) => {
          const isIts =
            gauge?.device === reading.device && (gauge.channel ?? reading.channel) === reading.channel;
          return isIts ? { kind: 'measured' as const, source: source.id, what, value, quality, now } : [];
        }),
      );
    });
  }

  /** What this device switches. */
  partsOf(device: string): { readonly source: string; readonly part: PartName }[] {
    return this.#parts.filter(({ valve }) => valveDevice(valve) === device);
  }

  commands(
    { source, part, command }: Extract<SourceAction, { kind: 'part_command' }>,
    atMs: number,
  ): readonly Command[] {
    const { actuator } = this.#find(source, part) ?? {};
    const wish = { commandId: command.id, atMs };
    if (actuator === undefined) return [];
    return command.action === 'close'
      ? actuator.close(wish)
      : actuator.open({ ...wish, durationSeconds: command.durationSeconds });
  }

  provision(source: string, part: PartName, commandId: string, atMs: number): readonly Command[] {
    const { actuator } = this.#find(source, part) ?? {};
    if (actuator === undefined) return [];
    const limitSeconds = Math.min(BY_HAND_SECONDS, actuator.longestSeconds);
    return actuator.provision({ commandId, atMs, limitSeconds });
  }

  /** Every pump and master valve, pumps first. */
  get parts(): readonly { readonly source: string; readonly part: PartName }[] {
    return [...this.#parts].sort((one, other) => Number(one.part !== 'pump') - Number(other.part !== 'pump'));
  }

  #find(source: string, part: PartName): Wired | undefined {
    return this.#parts.find((wired) => wired.source === source && wired.part === part);
  }
}

function gaugesOf(
  { pressure, tank, filter }: Source,
  metric: 'water_pressure' | 'tank_level',
): [Gauge, { readonly device: string; readonly channel?: string } | undefined][] {
  if (metric === 'tank_level') return [['level', tank]];
  const { before, after } = filter?.difference ?? {};
  return [
    ['pressure', pressure],
    ['beforeFilter', before],
    ['afterFilter', after],
  ];
}

function isOutput({ valve, actuator }: Wired, { device, channel }: ControlReading): boolean {
  if (typeof valve === 'string' || valve.device !== device) return false;
  return (valve.channel ?? actuator.stateChannel ?? channel) === channel;
}
