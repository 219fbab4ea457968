import { Conditions } from '../devices/conditions.ts';
import { Output } from '../devices/output.ts';
import { Sensor } from '../devices/sensors.ts';
import { Station } from '../devices/station.ts';
import type { Shell } from '../devices/unit.ts';
import { families } from '../families/index.ts';
import { type DeviceSpec, isOutput, type OutputSpec, type SensorSpec } from '../farm/spec.ts';
import type { GatewayOrder, Victims } from '../faults/fault.ts';
import { faults } from '../faults/index.ts';
import { FarmField } from '../field/farm-field.ts';
import { seededRandom } from '../field/random.ts';
import type { Truth, TruthDay, TruthEvent } from '../field/truth.ts';
import type { LinkFactory } from '../links/link.ts';
import type { OrderedFault, Scenario } from '../scenarios/scenario.ts';
import { FarmClock } from '../time/farm-clock.ts';
import type { Scheduler } from '../time/scheduler.ts';
import { World } from './world.ts';

export interface SimulationOptions {
  readonly scenario: Scenario;
  readonly scheduler: Scheduler;
  readonly connect: LinkFactory;
  /** Instead of the scenario's. */
  readonly seed?: number;
  /** How many seconds pass on the farm in one of the scheduler's; instead of the scenario's. */
  readonly speed?: number;
  /** Devices that are not simulated, by identity of their connection. */
  readonly without?: ReadonlySet<string>;
  readonly hooks?: SimulationHooks;
}

/** What whoever runs it is told. */
export interface SimulationHooks {
  /** A fault that the gateway under test must suffer. */
  gateway?(order: GatewayOrder): void;
  fault?(order: OrderedFault, what: 'begins' | 'ends'): void;
  /** What a device got and refused, or passed over, without a word on the wire; each text once. */
  note?(identity: string, text: string): void;
}

/** Devices begin one after another, this far apart. */
const STAGGER_SECONDS = 0.1;

/**
 * A farm with its devices, and what goes wrong on it, over any scheduler and any link. The field's time begins at the
 * scenario's start; time stamps in messages are the scheduler's wall clock, as a device's clock is. In a harness both are the
 * same: start the virtual scheduler at `scenario.startMs`, with speed 1.
 */
export class Simulation {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly #world: World;
  readonly #field: FarmField;
  readonly #stations: readonly Station[];
  readonly #stationOf = new Map<string, Station>();
  readonly #outputs = new Map<string, Output>();
  readonly #conditions: ReadonlyMap<string, Conditions>;
  readonly #hooks: SimulationHooks;
  #stops: (() => void)[] = [];

  constructor({ scenario, scheduler, connect, hooks = {}, ...options }: SimulationOptions) {
    this.scenario = scenario;
    this.seed = options.seed ?? scenario.seed;
    this.#hooks = hooks;
    const speed = options.speed ?? scenario.speed;
    const clock = new FarmClock(scheduler, { startMs: scenario.startMs, speed });
    this.#field = new FarmField(scenario.farm, scenario.sky(this.seed), scenario.startMs, this.seed);
    this.#world = new World(this.#field, clock, this.seed);
    this.#conditions = new Map(scenario.farm.devices.map(({ id }) => [id, new Conditions()]));
    const isWanted = (identity: string) => options.without?.has(identity) !== true;
    this.#stations = speakersOf(scenario.farm.devices)
      .filter(({ identity }) => isWanted(identity))
      .map((speaker, index) => this.#station(speaker, index * STAGGER_SECONDS, connect));
  }

  /** The farm's time, UTC milliseconds. */
  get nowMs(): number {
    return this.#world.clock.nowMs();
  }

  start(): void {
    for (const station of this.#stations) station.start();
    for (const order of this.scenario.faults) this.#schedule(order);
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    await Promise.all(this.#stations.map((station) => station.stop()));
    this.#world.clock.stop();
  }

  /**
   * What really is and was in the field, as of `atMs`: the last whole minute while water moves, five minutes at most while none
   * does. Openings and closings are exact. Asking changes nothing.
   */
  truth(): Truth {
    return this.#world.judge().truth();
  }

  /** Every local day that is over, zone by zone. */
  truthDays(): readonly TruthDay[] {
    return this.#world.judge().days;
  }

  /** Every valve and pump that really moved. */
  truthEvents(): readonly TruthEvent[] {
    return this.#world.judge().events;
  }

  /** All of this as of the scenario's end, however late the scheduler is; before it, as of now. */
  happened(): {
    readonly truth: Truth;
    readonly days: readonly TruthDay[];
    readonly events: readonly TruthEvent[];
  } {
    const { startMs, lengthSeconds } = this.scenario;
    const field = this.#world.judge(startMs + lengthSeconds * 1000);
    return { truth: field.truth(), days: [...field.days], events: [...field.events] };
  }

  #schedule(order: OrderedFault): void {
    const { atSeconds, forSeconds, target } = order;
    const isDevice = this.#conditions.has(target);
    // A device that was left out cannot fail.
    if (isDevice && !this.#stationOf.has(target)) return;
    this.#stops.push(
      this.#world.clock.after(atSeconds, () => {
        const end = faults[order.fault]?.begin(this.#victims(order), order.target, order.options);
        this.#hooks.fault?.(order, 'begins');
        if (forSeconds === null || end === undefined) return;
        this.#stops.push(
          this.#world.clock.after(forSeconds, () => {
            end();
            this.#hooks.fault?.(order, 'ends');
          }),
        );
      }),
    );
  }

  #victims(order: OrderedFault): Victims {
    return {
      world: this.#world,
      output: (device) => known(this.#outputs, device),
      conditions: (device) => known(this.#conditions, device),
      station: (device) => known(this.#stationOf, device),
      devices: [...this.#stationOf.keys()],
      random: seededRandom(this.seed, `fault ${order.fault} ${order.target} ${order.atSeconds}`),
      tellGateway: (told) => this.#hooks.gateway?.(told),
    };
  }

  #station(speaker: SpeakerPlan, firstSeconds: number, connect: LinkFactory): Station {
    const { clock } = this.#world;
    const station = new Station((publish) => this.#unit(speaker, firstSeconds, publish), connect, clock);
    for (const { id } of speaker.devices) this.#stationOf.set(id, station);
    return station;
  }

  #unit({ identity, devices }: SpeakerPlan, firstSeconds: number, publish: Shell['publish']) {
    const [first] = devices;
    if (first === undefined) throw new RangeError(`${identity} has no device`);
    const conditions = known(this.#conditions, first.id);
    const { clock } = this.#world;
    // A box has one clock, whichever of its outputs a fault names.
    const all = devices.map(({ id }) => known(this.#conditions, id));
    const timeMs = () => (all.find(({ clock: reset }) => reset.value) ?? conditions).timeMs(clock.wallMs());
    const told = new Set<string>();
    const note = (text: string) => {
      if (!told.has(text)) this.#hooks.note?.(identity, text);
      told.add(text);
    };
    const shell: Shell = { clock, timeMs, publish, note, random: seededRandom(this.seed, identity) };
    if (!isOutput(first)) return this.#sensor(first, conditions, firstSeconds, shell);
    const outputs = devices.filter(isOutput).map((spec) => this.#output(spec));
    const family = families[first.family ?? 'nongtin'];
    if (family === undefined) throw new RangeError(`there is no family ${first.family}`);
    return family.build(identity, outputs, shell);
  }

  #sensor(spec: SensorSpec, conditions: Conditions, firstSeconds: number, shell: Shell): Sensor {
    const { clock } = this.#world;
    const isReal = this.scenario.farm.pace === 'real';
    const periodSeconds = isReal ? clock.farmSeconds(spec.everySeconds) : spec.everySeconds;
    const times = { firstSeconds: isReal ? clock.farmSeconds(firstSeconds) : firstSeconds, periodSeconds };
    return new Sensor(spec, { conditions, shell, world: this.#world }, times);
  }

  #output(spec: OutputSpec): Output {
    const random = seededRandom(this.seed, `meter ${spec.id}`);
    const paced =
      this.scenario.farm.pace === 'real' && spec.reportSeconds !== undefined
        ? { ...spec, reportSeconds: this.#world.clock.farmSeconds(spec.reportSeconds) }
        : spec;
    const output = new Output(paced, known(this.#conditions, spec.id), this.#world, random);
    this.#outputs.set(spec.id, output);
    return output;
  }
}

interface SpeakerPlan {
  readonly identity: string;
  readonly devices: readonly DeviceSpec[];
}

/** Who has a connection: every sensor, and every box or bridge with its outputs. */
function speakersOf(devices: readonly DeviceSpec[]): SpeakerPlan[] {
  const plans = new Map<string, DeviceSpec[]>();
  for (const device of devices) {
    const identity = identityOf(device);
    plans.set(identity, [...(plans.get(identity) ?? []), device]);
  }
  return [...plans].map(([identity, of]) => ({ identity, devices: of }));
}

/** Identities of all connections of a farm. */
export function identitiesOf(devices: readonly DeviceSpec[]): string[] {
  return speakersOf(devices).map(({ identity }) => identity);
}

/** Identity of the connection that speaks for a device. */
function identityOf(device: DeviceSpec): string {
  if (!isOutput(device)) return device.id;
  return families[device.family ?? 'nongtin']?.speakerOf(device) ?? device.id;
}

function known<Part>(parts: ReadonlyMap<string, Part>, id: string): Part {
  const part = parts.get(id);
  if (part === undefined) throw new RangeError(`there is no ${id}`);
  return part;
}
