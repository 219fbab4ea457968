import { quality, type Reason } from '@nongtin/broker/wire';
import { demoFarm } from '../../farm/demo.ts';
import { isWatered, type Zone, zonesOf } from '../../farm/layout.ts';
import type { Source } from '../sources/schema.ts';
import type { Instant } from '../time.ts';
import { controlledSource, controlledZone } from '../zones.ts';
import { type ControllerConfig, controllerDefaults } from './config.ts';
import { begin, type Restored, step } from './controller.ts';
import type { Action, ControllerEvent, ControllerState, ValveReport, ZoneState } from './types.ts';

const UNTESTED: Reason = { key: 'wet_test_missing', figures: {} };

/** A controller with a clock that tests move, and everything it asked for. */
export function testController(
  options: {
    speed?: number;
    restored?: Partial<Restored>;
    idPrefix?: string;
    zones?: readonly Zone[];
    /** Zones whose valves nobody has tested with water. */
    untested?: readonly string[];
    /** Zones that have a program. */
    programs?: readonly string[];
    sources?: readonly Source[];
  } = {},
) {
  const sources = (options.sources ?? []).map(controlledSource);
  const config: ControllerConfig = {
    ...controllerDefaults,
    sources,
    zones: (options.zones ?? zonesOf(demoFarm())).filter(isWatered).map((zone) =>
      controlledZone(zone, {
        speed: options.speed ?? 1,
        source: sources.find(({ id }) => id === zone.source),
        hasProgram: options.programs?.includes(zone.id) ?? false,
        readOnly: options.untested?.includes(zone.id) ? UNTESTED : null,
      }),
    ),
    speed: options.speed ?? 1,
    idPrefix: options.idPrefix ?? 'boot',
  };
  return new TestController(config, {
    locks: new Map(),
    interrupted: [],
    recentlyWatered: new Set(),
    stoppedByHand: new Set(),
    begun: new Map(),
    sources: new Map(),
    ...options.restored,
  });
}

type Untimed = ControllerEvent extends infer E ? (E extends ControllerEvent ? Omit<E, 'now'> : never) : never;

class TestController {
  readonly config: ControllerConfig;
  state: ControllerState;
  now: Instant = { farmMs: 0, realMs: 0, atMs: 1_800_000_000_000 };
  /** Everything asked for so far. */
  readonly actions: Action[] = [];

  constructor(config: ControllerConfig, restored: Restored) {
    this.config = config;
    const first = begin(config, restored, this.now);
    this.state = first.state;
    this.actions.push(...first.actions);
  }

  /** Carries out one event; returns what it asked for. */
  send(event: Untimed): readonly Action[] {
    const next = step(this.state, { ...event, now: this.now } as ControllerEvent, this.config);
    this.state = next.state;
    this.actions.push(...next.actions);
    return next.actions;
  }

  /** Moves all clocks, UTC by `utcJumpSeconds` more, and ticks once. */
  wait(realSeconds: number, utcJumpSeconds = 0): readonly Action[] {
    this.now = {
      realMs: this.now.realMs + realSeconds * 1000,
      farmMs: this.now.farmMs + realSeconds * 1000 * this.config.speed,
      atMs: this.now.atMs + (realSeconds + utcJumpSeconds) * 1000,
    };
    return this.send({ kind: 'tick' });
  }

  zone(id = 'a1'): ZoneState {
    const zone = this.state.zones[id];
    if (!zone) throw new Error(`no zone ${id}`);
    return zone;
  }

  valve(report: Partial<ValveReport>, zone = 'a1'): readonly Action[] {
    const full = { state: 'closed', cause: 'command', flowLitresPerMinute: 0, totalLitres: 1000, ...report };
    return this.send({ kind: 'valve', zone, report: full as ValveReport });
  }

  moisture(value: number, flags: number = quality.good, zone = 'a1'): readonly Action[] {
    return this.send({ kind: 'moisture', zone, value, quality: flags });
  }

  /** Through the boot sweep: every valve says that it is closed. */
  swept(): this {
    for (const { id } of this.config.zones) this.valve({}, id);
    return this;
  }

  /** Into a run of zone a1 that flows. */
  watering(): string {
    this.swept().moisture(0.15);
    const runId = this.runId();
    this.send({ kind: 'intent_durable', zone: 'a1', runId });
    this.valve({ state: 'open', commandId: runId, flowLitresPerMinute: 38 });
    return runId;
  }

  /** Of the latest closing that it was sent. */
  lastCloseId(zone = 'a1'): string | undefined {
    const sent = this.actions.findLast(
      (action) => action.kind === 'command' && action.zone === zone && action.command.action === 'close',
    );
    return sent?.kind === 'command' ? sent.command.id : undefined;
  }

  runId(zone = 'a1'): string {
    const { phase } = this.zone(zone);
    if (!('run' in phase)) throw new Error(`${zone} is ${phase.name}`);
    return phase.run.runId;
  }
}

export function opens(actions: readonly Action[]) {
  return actions.flatMap((action) =>
    action.kind === 'command' && action.command.action === 'open'
      ? [{ zone: action.zone, ...action.command }]
      : [],
  );
}

export function closes(actions: readonly Action[]): string[] {
  return actions.flatMap((action) =>
    action.kind === 'command' && action.command.action === 'close' ? [action.zone] : [],
  );
}

export function only<K extends Action['kind']>(actions: readonly Action[], kind: K) {
  return actions.filter((action): action is Extract<Action, { kind: K }> => action.kind === kind);
}
