import type { FilledUp } from './plant.ts';
import type { PlannedRun } from './season.ts';
import type { TankId } from './worlds.ts';

/** Water that flows, as a head's controller hears it. */
export interface OpenRun extends PlannedRun {
  readonly runId: string;
  /** By the meter. */
  readonly passedLitres: number;
  readonly litresPerMinute: number;
}

export interface Heard {
  readonly nowMs: number;
  /** Null: no water flows. */
  readonly run: OpenRun | null;
  readonly counterLitres: number;
  /** What the probes have said in this second; null: nothing. */
  readonly probes: { readonly ec: (number | null)[]; readonly ph: (number | null)[] } | null;
}

/** Whoever doses: ours, or a peer. */
export interface Controller {
  readonly name: string;
  start?(): Promise<void>;
  /** Once a second while water flows, and once after. */
  second(heard: Heard): void | Promise<void>;
  pump(tank: TankId, isRunning: boolean, commandId: string): void;
  filledUp(filled: FilledUp, nowMs: number): void | Promise<void>;
  /** The gateway loses its power, and comes back. */
  restart(nowMs: number): void | Promise<void>;
  /** Tanks that people have been told are empty, or soon will be. */
  asksFor(): readonly TankId[];
  /** What the water is to have now; null: it does not dose. */
  ecTarget(): number | null;
  /** mL of each tank that it has written down, for the whole season. */
  ledger(): Readonly<Record<TankId, number>> | Promise<Readonly<Record<TankId, number>>>;
}
