import type { Logger, Service } from '@nongtin/service';
import { trapNames, type ZoneName, zoneNames } from '../field/layout.ts';
import { seededRandom } from '../field/random.ts';
import { ConnectionLog } from './connection-log.ts';
import { DeviceLink, type LinkWatcher } from './link.ts';
import { LiveFarm } from './live-farm.ts';
import { ReadingDevice } from './reading-device.ts';
import { fertilizerStation, flyTrap, type Measurement, soilProbe, weatherStation } from './sensors.ts';
import type { Scheduler } from './time.ts';
import { Valve } from './valve.ts';

export interface FleetOptions {
  readonly brokerUrl: string;
  /** Passwords by device; a device without one is left out. */
  readonly passwords: Readonly<Record<string, string>>;
  readonly speed: number;
  readonly seed: number;
}

interface Device {
  start(): void;
  stop(): Promise<void>;
}

/** Real milliseconds between readings. */
const PROBE_MS = 5_000;
const STATION_MS = 10_000;
const TRAP_MS = 30_000;
/** Devices begin one after another, this far apart. */
const STAGGER_MS = 100;

/** All devices of the farm over one simulated field. Starting does not wait for the broker. */
export class Fleet implements Service {
  readonly #options: FleetOptions;
  readonly #scheduler: Scheduler;
  readonly #logger: Logger;
  #devices: Device[] = [];
  #connections: ConnectionLog | undefined;

  constructor(options: FleetOptions, scheduler: Scheduler, logger: Logger) {
    this.#options = options;
    this.#scheduler = scheduler;
    this.#logger = logger;
  }

  async start(): Promise<void> {
    const { passwords, speed, seed, brokerUrl } = this.#options;
    const farm = new LiveFarm({ scheduler: this.#scheduler, speed, seed });
    const plan = [...this.#sensors(farm), ...this.#valves(farm)];
    const known = plan.filter(([device]) => passwords[device] !== undefined);
    const without = plan.filter(([device]) => passwords[device] === undefined).map(([device]) => device);
    if (without.length > 0) this.#logger.warn({ devices: without }, 'no credentials: not simulated');
    this.#logger.info({ devices: known.length, speed, seed, brokerUrl }, 'simulated farm starts');
    const names = known.map(([device]) => device);
    const connections = new ConnectionLog(names, this.#scheduler, this.#logger);
    this.#connections = connections;
    this.#devices = known.map(([device, build], index) =>
      build(this.#link(device, connections), index * STAGGER_MS),
    );
    for (const device of this.#devices) device.start();
  }

  async stop(): Promise<void> {
    this.#connections?.stop();
    await Promise.all(this.#devices.map((device) => device.stop()));
    this.#devices = [];
  }

  #link(device: string, watcher: LinkWatcher): DeviceLink {
    const { brokerUrl, passwords, seed } = this.#options;
    const random = seededRandom(seed, `link ${device}`);
    return new DeviceLink({ brokerUrl, device, password: passwords[device] ?? '', random }, watcher);
  }

  #sensors(farm: LiveFarm): Plan[] {
    const { seed } = this.#options;
    const bootMs = farm.look().atMs;
    const random = (device: string) => seededRandom(seed, device);
    const sensor = (device: string, periodMs: number, measure: () => Measurement): Plan => [
      device,
      (link, firstMs) => new ReadingDevice({ device, periodMs, firstMs, measure }, link, this.#scheduler),
    ];
    const probe = (zone: ZoneName): Plan => {
      const noise = random(`soil-${zone}`);
      return sensor(`soil-${zone}`, PROBE_MS, () => {
        const now = farm.look();
        return soilProbe(now, zone, now.atMs - bootMs, noise);
      });
    };
    const air = random('weather');
    const water = random('fert');
    return [
      ...zoneNames.map(probe),
      sensor('weather', STATION_MS, () => weatherStation(farm.weather(), farm.look(), air)),
      sensor('fert', STATION_MS, () => fertilizerStation(farm.look(), water)),
      ...trapNames.map((trap) => sensor(trap, TRAP_MS, () => flyTrap(farm.look(), trap))),
    ];
  }

  #valves(farm: LiveFarm): Plan[] {
    return zoneNames.map((zone) => {
      const device = `valve-${zone}`;
      const options = { device, pipe: farm.pipe(zone), realMs: (seconds: number) => farm.realMs(seconds) };
      return [device, (link) => new Valve(options, link, this.#scheduler, this.#logger)];
    });
  }
}

/** A device's name, and how to build it over its link; it may begin `firstMs` after the start. */
type Plan = readonly [device: string, build: (link: DeviceLink, firstMs: number) => Device];
