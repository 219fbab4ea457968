import { MemoryBus, Simulation, scenarioOf, VirtualScheduler } from '../../firmware-sim/index.ts';
import { VirtualGateway } from '../farm/virtual-gateway.ts';
import type { Season } from './fields.ts';
import { ClockProgram, type Peer, ThresholdControl } from './peers.ts';

export interface Outcome {
  readonly litres: number;
  readonly stressDays: number;
  readonly openings: number;
  readonly percolationMm: number;
  readonly rainMm: number;
  /** Mean demand of each month, mm a day over the wetted part. */
  readonly monthlyDemandMm: readonly number[];
}

type Controller = 'ours' | 'clock' | 'threshold';

interface Play {
  readonly season: Season;
  readonly controller: Controller;
  /** The same brings the same weather to all. */
  readonly seed: number;
  /** Of each of the clock's runs. */
  readonly clockSeconds?: number;
}

/** A month of which less was played has no mean. */
const ENOUGH_DAYS = 15;

/** Plays a season with one controller. */
export async function play({ season, controller, seed, clockSeconds = 0 }: Play): Promise<Outcome> {
  const scenario = scenarioOf({
    ...{ format: 'nongtin-scenario-1', name: 'season', title: season.truth.title, start: season.start },
    ...{ length: `P${season.days}D`, farm: season.truth, faults: [], seed },
  });
  const scheduler = new VirtualScheduler(scenario.startMs);
  const bus = new MemoryBus(scheduler);
  const simulation = new Simulation({ scenario, scheduler, connect: bus.connect });
  const parts = {
    bus,
    scheduler,
    zone: { valve: 'valve-1', soilProbe: 'soil-1', weatherStation: 'weather' },
  };
  const peers: Record<Exclude<Controller, 'ours'>, () => Peer> = {
    clock: () =>
      new ClockProgram({
        ...parts,
        runSeconds: clockSeconds,
        startSeconds: 5 * 3_600,
        utcOffsetHours: 7,
        rainSkipMm: 10,
      }),
    threshold: () =>
      new ThresholdControl({
        ...parts,
        onBelowFraction: 0.8 * season.fieldCapacity,
        offAtFraction: season.fieldCapacity,
      }),
  };
  const gateway =
    controller === 'ours'
      ? new VirtualGateway({ farm: season.farm, bus, scheduler, tickMs: 30_000 })
      : undefined;
  const peer = controller === 'ours' ? undefined : peers[controller]();
  simulation.start();
  await gateway?.start();
  peer?.start();
  const endMs = scenario.startMs + season.days * 86_400_000;
  while ((scheduler.nextAtMs() ?? endMs) < endMs) {
    scheduler.step();
    await new Promise(setImmediate);
  }
  const truth = simulation.truth();
  const zone = truth.zones.z1;
  const days = simulation.truthDays();
  await gateway?.stop();
  peer?.stop();
  await simulation.stop();
  if (zone === undefined) throw new Error('no zone z1');
  const months = new Map<string, number[]>();
  for (const { date, demandMm } of days)
    months.set(date.slice(0, 7), [...(months.get(date.slice(0, 7)) ?? []), demandMm]);
  return {
    ...{ litres: zone.passedLitres, stressDays: zone.stressDays, openings: zone.openings },
    ...{ percolationMm: zone.percolationMm, rainMm: truth.rainMm },
    monthlyDemandMm: [...months.values()]
      .filter(({ length }) => length >= ENOUGH_DAYS)
      .map((values) => values.reduce((a, b) => a + b, 0) / values.length),
  };
}
