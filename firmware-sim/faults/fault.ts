import { type Static, type TObject, type TProperties, Type } from 'typebox';
import type { Conditions } from '../devices/conditions.ts';
import type { Output } from '../devices/output.ts';
import type { Station } from '../devices/station.ts';
import type { FarmField } from '../field/farm-field.ts';
import type { Random } from '../field/random.ts';
import type { World } from '../simulation/world.ts';

/** What a gateway under test is told to do to itself; a simulator cannot do it for another one. */
export type GatewayOrder =
  | { readonly kind: 'power'; readonly isOn: boolean }
  /** Its clock shows this many milliseconds since 1970 from now on; null: the right time again. */
  | { readonly kind: 'clock'; readonly toMs: number | null };

/** What faults take hold of. */
export interface Victims {
  readonly world: World;
  /** The output of a device that drives something. */
  output(device: string): Output;
  conditions(device: string): Conditions;
  /** The box that a device sits in: power and connection. */
  station(device: string): Station;
  /** Every device that is simulated. */
  readonly devices: readonly string[];
  /** Numbers of this fault's own. */
  readonly random: Random;
  tellGateway(order: GatewayOrder): void;
}

/**
 * What a fault happens to. `output`: a device that drives a valve or a pump. `devices`: one device, or all of them when none is
 * named. `farm` and `gateway` take no target.
 */
export type TargetKind =
  | 'zone'
  | 'source'
  | 'source with a pump'
  | 'source with a tank'
  | 'source with a filter'
  | 'output'
  | 'dose pump'
  | 'sensor'
  | 'meter'
  | 'device'
  | 'devices'
  | 'farm'
  | 'gateway';

/** One kind of fault. To add one: a file and its line in index.ts. */
export interface Fault<Options extends TObject = TObject> {
  readonly target: TargetKind;
  /** What happens, for people. */
  readonly does: string;
  /** Its own fields in a scenario. */
  readonly options: Options;
  /** Begins it; the answer ends it. */
  begin(victims: Victims, target: string, options: Static<Options>): () => void;
}

/** Keeps the options' types while the faults stand in one table. */
export function fault<Options extends TObject<TProperties>>(made: Fault<Options>): Fault {
  return made as unknown as Fault;
}

export const NoOptions = Type.Object({});
export const Share = Type.Number({ minimum: 0, maximum: 1 });
export const Factor = Type.Number({ minimum: 0, maximum: 1_000 });
export const Seconds = Type.Number({ minimum: 0, maximum: 86_400 });
export const LitresPerMinute = Type.Number({ exclusiveMinimum: 0, maximum: 10_000 });

/** Lays something over the field, with effect at once; the answer takes it away again, with effect at once. */
export function onField(world: World, lay: (field: FarmField) => () => void): () => void {
  let release = () => {};
  world.change((field) => {
    release = lay(field);
  });
  return () => world.change(release);
}

/** One device, or all of them. */
export function named({ devices }: Victims, target: string): readonly string[] {
  return target === '' ? devices : [target];
}

/** Several endings as one. */
export function together(ends: readonly (() => void)[]): () => void {
  return () => {
    for (const end of ends) end();
  };
}
