import { topicOf, ValveState } from '@nongtin/broker/wire';
import { Compile } from 'typebox/compile';
import { type Actuator, actuatorOf, type Command, type Valve } from '../actuators/index.ts';
import { valveDevice } from '../farm/layout.ts';
import { isFitForControl } from '../ingest/quality.ts';
import type { ControlReading } from '../irrigation/controller/types.ts';
import { partValve } from '../irrigation/sources/schema.ts';
import type { Quantity, Told } from './dosing/types.ts';
import { saidOf, unnamedField } from './probe-names.ts';
import { dosingPart, type Head, usualPulses } from './schema.ts';

interface Wired {
  readonly tank: string;
  readonly valve: Valve;
  readonly actuator: Actuator;
  /** What it is told as its own limit, for whoever switches it on by hand. */
  readonly byHandSeconds: number;
}

const QUANTITIES: readonly Quantity[] = ['ec', 'ph'];
const valveState = Compile(ValveState);

/** The pumps and probes of one head, in the words of their families. */
export class HeadWiring {
  readonly #head: Head;
  readonly #pumps: readonly Wired[];
  readonly #pumpOfTopic: ReadonlyMap<string, Wired>;
  readonly #unnamed = new Map<string, string>();

  constructor(head: Head) {
    this.#head = head;
    this.#pumps = head.tanks.map((tank) => {
      const part = dosingPart(tank);
      const valve = partValve(part);
      const byHandSeconds = part.maxPulseSeconds ?? usualPulses.maxPulseSeconds;
      return { tank: tank.id, valve, actuator: actuatorOf(valve), byHandSeconds };
    });
    this.#pumpOfTopic = new Map(
      this.#pumps.flatMap((pump) =>
        typeof pump.valve === 'string' ? [[topicOf('valveState', pump.valve), pump] as const] : [],
      ),
    );
  }

  /** A message of the broker; what one of our own pumps reports. */
  report(topic: string, payload: Uint8Array): Told | undefined {
    const pump = this.#pumpOfTopic.get(topic);
    if (pump === undefined) return undefined;
    const report = parseJson(payload);
    if (!valveState.Check(report)) return undefined;
    return {
      ...{ kind: 'pump', tank: pump.tank, isRunning: report.state === 'open' },
      commandId: report.commandId,
    };
  }

  /** Readings of one message. A flagged one of a pump switches nothing; a probe's flags go with it. */
  take(readings: readonly ControlReading[]): Told[] {
    return readings.flatMap((reading): Told[] => {
      const { metric, value, quality, device } = reading;
      if (metric === 'valve_open') {
        if (!isFitForControl(quality)) return [];
        const its = this.#pumps.filter((pump) => isOutput(pump, reading));
        return its.map(({ tank }) => ({ kind: 'pump', tank, isRunning: value >= 0.5 }));
      }
      return QUANTITIES.flatMap((quantity) =>
        this.#head[quantity].probes.flatMap((probe, index): Told[] => {
          if (probe.device !== device) return [];
          const said = saidOf(probe, quantity, reading);
          const field = said === undefined ? unnamedField(quantity, reading) : undefined;
          if (field !== undefined) this.#unnamed.set(`${quantity} ${index}`, field);
          if (said === undefined) return [];
          const isGood = said.isPossible && isFitForControl(quality);
          return [{ kind: 'probe', quantity, index, value: said.value, isGood }];
        }),
      );
    });
  }

  /** A field by which a probe seems to say the quantity, and that farm.json does not name; undefined: there was none. */
  unnamed(quantity: Quantity, index: number): string | undefined {
    return this.#unnamed.get(`${quantity} ${index}`);
  }

  /** Whose pumps this device switches, by tank. */
  tanksOf(device: string): string[] {
    return this.#pumps.filter(({ valve }) => valveDevice(valve) === device).map(({ tank }) => tank);
  }

  run(tank: string, commandId: string, durationSeconds: number, atMs: number): readonly Command[] {
    return this.#find(tank)?.actuator.open({ commandId, durationSeconds, atMs }) ?? [];
  }

  stop(tank: string, commandId: string, atMs: number): readonly Command[] {
    return this.#find(tank)?.actuator.close({ commandId, atMs }) ?? [];
  }

  provision(tank: string, commandId: string, atMs: number): readonly Command[] {
    const pump = this.#find(tank);
    return pump?.actuator.provision({ commandId, atMs, limitSeconds: pump.byHandSeconds }) ?? [];
  }

  #find(tank: string): Wired | undefined {
    return this.#pumps.find((pump) => pump.tank === tank);
  }
}

function isOutput({ valve, actuator }: Wired, { device, channel }: ControlReading): boolean {
  if (typeof valve === 'string' || valve.device !== device) return false;
  return (valve.channel ?? actuator.stateChannel ?? channel) === channel;
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return undefined;
  }
}
