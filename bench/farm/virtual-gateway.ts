import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InboundMessage } from '@nongtin/broker';
import type { JournalRecord } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { type Core, createCore } from '../../edge/core.ts';
import type { Farm } from '../../edge/farm/layout.ts';
import { isWatered, zonesOf } from '../../edge/farm/layout.ts';
import { knownNames } from '../../edge/farm/places.ts';
import { Found } from '../../edge/found/found.ts';
import { SeriesMemory } from '../../edge/ingest/index.ts';
import { loadLibrary } from '../../edge/irrigation/crop-water/library.ts';
import { createProfiles, shortMemory } from '../../edge/profiles/index.ts';
import { CommandChannel } from '../../edge/remote/channel.ts';
import type { MemoryBus } from '../../firmware-sim/links/memory-bus.ts';
import type { Scheduler } from '../../firmware-sim/time/scheduler.ts';
import { MemoryJournal } from './memory-journal.ts';

interface VirtualGatewayOptions {
  readonly farm: Farm;
  readonly bus: MemoryBus;
  readonly scheduler: Scheduler;
  /** How often its controller looks at the clock; a season need not be looked at four times a second. */
  readonly tickMs: number;
  /** Adds to the gateway's wall clock, for clocks that are wrong. */
  readonly clockErrorMs?: () => number;
  readonly isClockTrusted?: () => boolean;
  /** File of a weather forecast. */
  readonly forecastSource?: string;
}

/** Its state files are worth no disk. */
const MEMORY = '/dev/shm';
const logger = pino({ enabled: false });

/**
 * Everything of a gateway between broker and disk, as core.ts puts it together, on a virtual clock: profiles, ingest, quality,
 * controller, crop-water model, programs, alarms. Only MQTT's sockets and the journal's disk are left out; those have tests
 * of their own.
 */
export class VirtualGateway {
  readonly #options: VirtualGatewayOptions;
  readonly #folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'nongtin-virtual-'));
  readonly #memory = shortMemory();
  #journal = new MemoryJournal('boot-1');
  #boots = 1;
  #core: Core | undefined;
  #endListening: () => void = () => {};
  #packets = 0;

  constructor(options: VirtualGatewayOptions) {
    this.#options = options;
  }

  get records(): readonly JournalRecord[] {
    return this.#journal.all;
  }

  /** Quality bits of every reading that was flagged. */
  get flags(): readonly number[] {
    return this.#journal.flags;
  }

  get core(): Core {
    if (this.#core === undefined) throw new Error('the gateway is off');
    return this.#core;
  }

  async start(): Promise<void> {
    const {
      farm,
      bus,
      scheduler,
      tickMs,
      clockErrorMs = () => 0,
      isClockTrusted = () => true,
      forecastSource,
    } = this.#options;
    const clock = {
      nowMs: () => scheduler.nowMs() + clockErrorMs(),
      monotonicMs: () => scheduler.monotonicMs(),
      isTrusted: isClockTrusted,
    };
    const found = new Found({
      ...{ path: join(this.#folder, 'found.json'), clock, placed: knownNames(farm), isBridge: () => false },
      onError: () => {},
    });
    const core = createCore({
      ...{ farm, farmPath: join(this.#folder, 'farm.json'), demo: false, found, clock, logger, speed: 1 },
      ...{ journal: this.#journal.asJournal(), profiles: createProfiles(this.#memory) },
      seriesMemory: new SeriesMemory({ path: join(this.#folder, 'quality.json'), onError: () => {} }),
      publish: async (topic, payload) => bus.publish({ topic, payload }),
      ...{ commands: new CommandChannel(), remoteCommands: false },
      library: loadLibrary(),
      timers: virtualTimers(scheduler),
      ...{ tickMs, askEveryMs: 60_000, forecastSource },
    });
    this.#core = core;
    await core.alarms.start();
    await core.mappings.start();
    await core.wetTests.start();
    await this.#passWetTests(core);
    await core.remote.start();
    await core.startWatering();
    this.#endListening = bus.subscribe('#', ({ topic, payload, by, retained }) => {
      if (by === '') return;
      void core.hook.receive(this.#message(topic, payload, by, retained));
    });
  }

  /** As when somebody pulls the plug: nothing is said any more, nothing is written. */
  cutOff(): void {
    this.#endListening();
    this.#core?.cutOff();
    this.#core = undefined;
    this.#journal = this.#journal.cutOff(`boot-${++this.#boots}`);
  }

  async stop(): Promise<void> {
    this.#endListening();
    await this.#core?.stopWatering();
    this.#core = undefined;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Somebody has stood beside each valve before the season. */
  async #passWetTests({ wetTests }: Core): Promise<void> {
    const zones = zonesOf(this.#options.farm).filter(isWatered);
    const atMs = this.#options.scheduler.nowMs();
    for (const zone of zones) {
      if (wetTests.readOnly(zone) === null) continue;
      await wetTests.add(zone, {
        ...{ kind: 'wet_test', testId: `test-${zone.id}`, atMs, endedAtMs: atMs, zone: zone.id },
        ...{ valve: JSON.stringify(zone.valve), outcome: 'passed', leaseSeconds: 10, cutOffSeconds: 10 },
        ...{ openedAfterSeconds: 1, closedAfterSeconds: 10, dryAfterSeconds: 3, litres: 1, findings: [] },
        ...{ flowLitresPerMinute: 1, nominalLitresPerMinute: zone.nominalFlowLitresPerMinute },
        recordedBy: 'bench',
      });
    }
  }

  #message(topic: string, payload: string, by: string, retained: boolean): InboundMessage {
    return {
      ...{ identity: { id: by, role: 'device' }, clientId: by, connectionId: by, topic },
      ...{ payload: Buffer.from(payload), qos: 1, dup: false, retain: false },
      packetId: (this.#packets++ % 65_535) + 1,
      receivedAtMs: this.#options.scheduler.nowMs(),
      ...(retained ? { arrival: 'kept' as const } : {}),
    };
  }
}

function virtualTimers(scheduler: Scheduler) {
  return {
    after: (delayMs: number, run: () => void) => scheduler.after(delayMs, run),
    every: (periodMs: number, run: () => void) => {
      let cancel = scheduler.after(periodMs, tick);
      function tick() {
        cancel = scheduler.after(periodMs, tick);
        run();
      }
      return () => cancel();
    },
  };
}
