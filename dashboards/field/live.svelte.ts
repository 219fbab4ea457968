import { ApiError, call } from '../ui/api.ts';
import type { Alarm, DeviceLive, Farm, Live, Maintenance, Run, Status, ZoneLive } from './api.ts';
import { type NoEntry, type Protection, protectionNow } from './protection.ts';

interface ReadingEvent {
  device: string;
  metric: string;
  channel: string;
  unit: string;
  value: number;
  atMs: number;
  quality: string[];
}

const KEPT_RUNS = 50;
const RETRY_MS = 5_000;

/**
 * What the page shows, kept current by the gateway's event stream.
 *
 *   GET /api/farm, /api/live, /api/runs, /api/alarms ──► state ◄── GET /api/events (server-sent events)
 *
 * After a break the browser reconnects by itself with the last event's id; the state is fetched whole again, because
 * the gateway may have restarted in between.
 */
export class LiveFarm {
  farm = $state<Farm | null>(null);
  zones = $state<Record<string, ZoneLive>>({});
  devices = $state<Record<string, DeviceLive>>({});
  status = $state<Status | null>(null);
  runs = $state<Run[]>([]);
  alarms = $state<Alarm[]>([]);
  protection = $state<Protection | null>(null);
  maintenance = $state<Maintenance[]>([]);
  /** What people call sources of alarms. */
  names = $state<Record<string, string>>({});
  connected = $state(false);
  /** How often the gateway has said that what it knows of pests is another. */
  pestChanges = $state(0);
  nowMs = $state(Date.now());

  #source: EventSource | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly onSignedOut: () => void;
  readonly #listeners = new Set<(reading: ReadingEvent) => void>();

  constructor(onSignedOut: () => void) {
    this.onSignedOut = onSignedOut;
  }

  async start(): Promise<void> {
    await this.#load();
    this.#timer = setInterval(() => {
      this.nowMs = Date.now();
    }, 1000);
    this.#listen();
  }

  #listen(): void {
    const source = new EventSource('/api/events');
    this.#source = source;
    source.onopen = () => {
      if (!this.connected) void this.#load().catch(() => undefined);
      this.connected = true;
    };
    source.onerror = () => {
      this.connected = false;
      // The browser reconnects by itself after a cut, but not after an answer such as 401 or 503.
      if (source.readyState === EventSource.CLOSED)
        this.#retry = setTimeout(() => void this.#again(), RETRY_MS);
    };
    const on = <T>(name: string, apply: (data: T) => void) =>
      source.addEventListener(name, (event) => apply(JSON.parse((event as MessageEvent<string>).data) as T));
    on<{ readings: ReadingEvent[] }>('readings', ({ readings }) => {
      for (const reading of readings) this.#applyReading(reading);
    });
    on<ZoneLive>('zone', (zone) => {
      this.zones[zone.id] = zone;
    });
    on<Run>('run', (run) => {
      this.runs = [run, ...this.runs.filter((known) => known.runId !== run.runId)].slice(0, KEPT_RUNS);
    });
    on<Alarm>('alarm', (alarm) => {
      const before = this.alarms.find((known) => known.alarmId === alarm.alarmId);
      this.alarms = [alarm, ...this.alarms.filter((known) => known !== before)];
      // Somebody has begun to maintain something, or has finished: what that is comes with the list.
      if (before?.maintained?.untilMs !== alarm.maintained?.untilMs)
        void this.#loadAlarms().catch(() => undefined);
    });
    on<Status>('status', (status) => {
      this.status = status;
    });
    on<Pick<DeviceLive, 'id' | 'online' | 'lastSeenAtMs'>>('device', (device) => {
      const readings = this.devices[device.id]?.readings ?? [];
      this.devices[device.id] = { ...device, readings };
    });
    on('protection', () => void this.loadProtection());
    on('pests', () => {
      this.pestChanges += 1;
    });
    on('layout', () => void this.#load().catch(() => undefined));
    // The gateway no longer has what was missed in between.
    on('resync', () => void this.#load().catch(() => undefined));
  }

  stop(): void {
    this.#source?.close();
    clearTimeout(this.#retry);
    clearInterval(this.#timer);
  }

  /** Calls back for each reading as it comes; returns how to stop that. */
  onReading(listener: (reading: ReadingEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Where nobody should go in now, of this zone or of its whole plot. */
  noEntry(zone: string): NoEntry[] {
    const plot = this.farm?.plots.find(({ zones }) => zones.some(({ id }) => id === zone))?.id;
    const entries = this.protection?.plots.find((one) => one.plot === plot)?.noEntry ?? [];
    return entries.filter(
      ({ zones, untilMs }) =>
        (zones.length === 0 || zones.includes(zone)) && (untilMs === null || untilMs > this.nowMs),
    );
  }

  async loadProtection(): Promise<void> {
    this.protection = await protectionNow().catch(() => this.protection);
  }

  async #again(): Promise<void> {
    try {
      await this.#load();
      this.#listen();
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.onSignedOut();
      else this.#retry = setTimeout(() => void this.#again(), RETRY_MS);
    }
  }

  async #load(): Promise<void> {
    const [farm, live, runs] = await Promise.all([
      call<Farm>('/api/farm'),
      call<Live>('/api/live'),
      call<{ runs: Run[] }>(`/api/runs?limit=${KEPT_RUNS}`),
      this.#loadAlarms(),
    ]);
    this.farm = farm;
    void this.loadProtection();
    this.zones = Object.fromEntries(live.zones.map((zone) => [zone.id, zone]));
    this.devices = Object.fromEntries(live.devices.map((device) => [device.id, device]));
    this.status = live;
    // A run that ended while this was fetched came by the stream already.
    const fetched = new Set(runs.runs.map(({ runId }) => runId));
    this.runs = [...this.runs.filter(({ runId }) => !fetched.has(runId)), ...runs.runs]
      .sort((a, b) => b.endedAtMs - a.endedAtMs)
      .slice(0, KEPT_RUNS);
  }

  async #loadAlarms(): Promise<void> {
    const { alarms, maintenance, names } = await call<{
      alarms: Alarm[];
      maintenance: Maintenance[];
      names: Record<string, string>;
    }>('/api/alarms');
    this.alarms = alarms;
    this.maintenance = maintenance;
    this.names = names;
  }

  #applyReading(reading: ReadingEvent): void {
    const known = this.devices[reading.device];
    const device = known ?? { id: reading.device, online: null, lastSeenAtMs: null, readings: [] };
    device.lastSeenAtMs = Date.now();
    device.online = true;
    const same = device.readings.findIndex(
      (r) => r.metric === reading.metric && r.channel === reading.channel,
    );
    if (same < 0) device.readings.push(reading);
    // What a device kept while it was away comes later than what it sends now; the gateway's clock may be set back.
    else if (Math.min(device.readings[same]?.atMs ?? 0, Date.now()) <= reading.atMs)
      device.readings[same] = reading;
    this.devices[reading.device] = device;
    for (const listener of this.#listeners) listener(reading);
  }
}
