import { type BusMessage, MemoryBus, Simulation, scenarioOf, VirtualScheduler } from '../index.ts';

/** A farm in memory for tests: what was said so far, a controller's voice, and time that goes when it is told to. */
export class TestFarm {
  readonly scheduler: VirtualScheduler;
  readonly bus: MemoryBus;
  readonly simulation: Simulation;
  readonly said: (BusMessage & { readonly atMs: number })[] = [];
  readonly told: unknown[] = [];
  readonly notes: string[] = [];

  constructor(farm: unknown, faults: readonly object[] = [], more: object = {}) {
    const scenario = scenarioOf({
      format: 'nongtin-scenario-1',
      name: 'test',
      title: { vi: 'Thử', en: 'Test' },
      start: '2026-02-10T05:00:00+07:00',
      length: 'P10D',
      farm,
      faults,
      ...more,
    });
    this.scheduler = new VirtualScheduler(scenario.startMs);
    this.bus = new MemoryBus(this.scheduler);
    this.bus.subscribe('#', ({ topic, payload, by }) =>
      this.said.push({ topic, payload, by, atMs: this.scheduler.nowMs() }),
    );
    this.simulation = new Simulation({
      ...{ scenario, scheduler: this.scheduler, connect: this.bus.connect },
      hooks: {
        gateway: (order) => this.told.push(order),
        note: (identity, text) => this.notes.push(`${identity}: ${text}`),
      },
    });
    this.simulation.start();
    this.wait(1);
  }

  wait(seconds: number): this {
    this.scheduler.advance(seconds * 1000);
    return this;
  }

  tell(topic: string, payload: unknown, retain = false): this {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    this.bus.publish({ topic, payload: text, retain });
    return this.wait(0.1);
  }

  /** A native device opens for a lease. */
  open(device: string, durationSeconds: number, id = `${device} ${this.scheduler.nowMs()}`): this {
    return this.tell(`nongtin/v1/${device}/valve/command`, { id, action: 'open', durationSeconds });
  }

  close(device: string): this {
    return this.tell(`nongtin/v1/${device}/valve/command`, {
      id: `close ${this.scheduler.nowMs()}`,
      action: 'close',
    });
  }

  /** Payloads of a topic so far; text where it is no JSON. */
  on(topic: string): unknown[] {
    return this.said.filter((message) => message.topic === topic).map(({ payload }) => parsed(payload));
  }

  // biome-ignore lint/suspicious/noExplicitAny: a test reads what devices say, whose shapes are their makers'
  last(topic: string): any {
    return this.on(topic).at(-1);
  }

  zone(id: string) {
    const zone = this.simulation.truth().zones[id];
    if (zone === undefined) throw new Error(`no zone ${id}`);
    return zone;
  }

  source(id: string) {
    const source = this.simulation.truth().sources[id];
    if (source === undefined) throw new Error(`no source ${id}`);
    return source;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
