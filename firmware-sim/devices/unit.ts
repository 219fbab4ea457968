import type { TObject } from 'typebox';
import type { OutputSpec } from '../farm/spec.ts';
import type { Random } from '../field/random.ts';
import type { HeardMessage, Message, Speaker } from '../links/link.ts';
import type { FarmClock } from '../time/farm-clock.ts';
import type { Output } from './output.ts';

/** What a device's firmware is given. */
export interface Shell {
  readonly clock: FarmClock;
  readonly random: Random;
  /** The device's own clock, UTC milliseconds. */
  timeMs(): number;
  publish(message: Message, when: 'keep' | 'now'): void;
  /** For whoever runs the simulator: what a real device refuses or passes over without a word. Each text is told once. */
  note(text: string): void;
}

/** A box with a connection of its own and the firmware in it: one sensor, one valve, or a bridge with many behind it. */
export interface Unit {
  readonly speaker: Speaker;
  /** Power comes. Outputs go where the device puts them at a boot. */
  boot(): void;
  /** Power goes: timers and memory are lost, outputs fall; but not those of what runs on batteries behind a bridge. */
  die(): void;
  connected(): void;
  received(message: HeardMessage): void;
}

/** How a family's firmware drives outputs. To add one: a file and its line in index.ts. */
export interface Family {
  /** Fields of `settings` in the farm's file. */
  readonly settings: TObject;
  /** Whose connection an output uses; outputs of the same one sit in one box or behind one bridge. */
  speakerOf(spec: OutputSpec): string;
  build(identity: string, outputs: readonly Output[], shell: Shell): Unit;
}
