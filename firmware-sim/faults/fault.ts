import type { Static, TObject, TProperties } from 'typebox';
import type { Conditions } from '../devices/conditions.ts';
import type { Output } from '../devices/output.ts';
import type { Station } from '../devices/station.ts';
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
  readonly devices: readonly string[];
  /** Numbers of this fault's own. */
  readonly random: Random;
  tellGateway(order: GatewayOrder): void;
}

/** `farm` and `gateway` need no target; `device` is any of them. */
export type TargetKind =
  | 'zone'
  | 'source'
  | 'output'
  | 'sensor'
  | 'meter'
  | 'device'
  | 'devices'
  | 'farm'
  | 'gateway';

/** One kind of fault. To add one: a file and its line in index.ts. */
export interface Fault<Options extends TObject = TObject> {
  readonly target: TargetKind;
  /** What it does, for people. */
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
