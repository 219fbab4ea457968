import type { OutputSpec } from '../farm/spec.ts';
import type { FarmField } from '../field/farm-field.ts';
import type { Gate } from '../field/gate.ts';
import type { Random } from '../field/random.ts';
import type { World } from '../simulation/world.ts';
import type { Conditions } from './conditions.ts';
import { Meter } from './meter.ts';

/** The relay or motor with which a device drives a valve or a pump, and the meter in it if it has one. */
export class Output {
  readonly spec: OutputSpec;
  readonly conditions: Conditions;
  readonly meter: Meter | undefined;
  readonly #world: World;
  #isTold = false;

  constructor(spec: OutputSpec, conditions: Conditions, world: World, random: Random) {
    this.spec = spec;
    this.conditions = conditions;
    this.#world = world;
    const litresPerPulse = spec.meterLitresPerPulse;
    if (litresPerPulse === undefined) return;
    const passing = () => passingOf(spec, world.look());
    this.meter = new Meter({ litresPerPulse, conditions, random, passing });
  }

  /** What the device was told last: the state of its relay. */
  get isTold(): boolean {
    return this.#isTold;
  }

  /** What a position switch shows: the truth, unless it lies. */
  get position(): boolean {
    return this.conditions.lies.value ? this.#isTold : gateOf(this.spec, this.#world.look()).isOn;
  }

  switch(isOn: boolean): void {
    this.#isTold = isOn;
    this.#world.change((field) => gateOf(this.spec, field).tell(isOn));
  }
}

export function gateOf(spec: OutputSpec, field: FarmField): Gate {
  if (spec.kind === 'valve') return field.zone(spec.zone).valve;
  if (spec.kind === 'dose_pump') return field.head(spec.head).pump(spec.tank).gate;
  const source = field.source(spec.source);
  if (spec.kind === 'flush_valve') return flushValveOf(source);
  return spec.kind === 'pump' ? source.pump : source.masterValve;
}

function flushValveOf({ filter, spec: { id } }: ReturnType<FarmField['source']>): Gate {
  if (filter === undefined) throw new RangeError(`${id} has no filter`);
  return filter.flushValve;
}

function passingOf(spec: OutputSpec, field: FarmField) {
  if (spec.kind === 'dose_pump') {
    const head = field.head(spec.head);
    return { litres: head.tank(spec.tank).drawnLitres, litresPerMinute: head.litresPerMinute(spec.tank) };
  }
  const part = spec.kind === 'valve' ? field.zone(spec.zone) : field.source(spec.source);
  return {
    litres: part.passedLitres,
    litresPerMinute: part.flowLitresPerMinute(field.atMs),
  };
}
