import { readStateFile, writeStateFile } from '@nongtin/service';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';

/** A value that a found device has told, already in the unit of its metric. */
const FoundValue = Type.Object({
  metric: Type.String(),
  channel: Type.String(),
  value: Type.Number(),
  atMs: Type.Number(),
});
const FoundDevice = Type.Object({
  id: Type.String(),
  /** The profile that reads it, or that read its announcement. */
  family: Type.Union([Type.String(), Type.Null()]),
  firstSeenAtMs: Type.Number(),
  lastSeenAtMs: Type.Number(),
  /** It has announced itself, but said nothing yet. */
  isAnnouncedOnly: Type.Boolean(),
  isDismissed: Type.Boolean(),
  values: Type.Array(FoundValue),
});
export type FoundDevice = Static<typeof FoundDevice>;
const File = Type.Object({ version: Type.Literal(1), devices: Type.Array(FoundDevice) });
const file = Compile(File);

interface FoundOptions {
  readonly path: string;
  readonly clock: { nowMs(): number };
  /** Of the farm: not to be found. */
  readonly placed: readonly string[];
  /** Speaks for others, and is no sensor itself. */
  readonly isBridge: (id: string) => boolean;
  /** The list could not be read or written; it begins anew. */
  readonly onError: (error: unknown) => void;
}

type Heard = {
  readonly device: string;
  readonly metric: string;
  readonly channel: string;
  readonly value: number;
};

const MOST_DEVICES = 500;
const MOST_VALUES = 32;
/** Of a full list the one that has been silent for longest goes, when it has been for so long. */
const SILENT_MS = 600_000;
/** The list is in order of what was heard last, to within this. */
const IN_ORDER_MS = 60_000;
/** A device that goes on speaking changes the list all the time; of a kill a minute is missing. */
const SAVE_AFTER_MS = 60_000;

/**
 * Devices that announce themselves or speak, and have no place on the farm. Who may not speak at all is refused by the
 * broker and never comes here.
 */
export class Found {
  readonly #options: FoundOptions;
  /** In about the order in which they were heard, the newest last. */
  readonly #devices = new Map<string, FoundDevice>();
  #placed: ReadonlySet<string>;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: FoundOptions) {
    this.#options = options;
    this.#placed = new Set(options.placed);
  }

  start(): void {
    const { path, onError } = this.#options;
    try {
      const saved = readStateFile(path, (value): value is Static<typeof File> => file.Check(value));
      for (const device of saved?.devices ?? []) this.#devices.set(device.id, device);
      this.follow([...this.#placed]);
    } catch (error) {
      onError(error);
    }
  }

  stop(): void {
    if (this.#timer !== undefined) this.#save();
  }

  /** The farm has been laid out anew. What lost its place is found again as soon as it speaks. */
  follow(placed: readonly string[]): void {
    this.#placed = new Set(placed);
    for (const id of placed) if (this.#devices.delete(id)) this.#changed();
  }

  onReadings(readings: readonly Heard[], family: string): void {
    const [first] = readings;
    if (first === undefined || this.#placed.has(first.device)) return;
    const device = this.#heard(first.device, family);
    if (device === undefined) return;
    device.isAnnouncedOnly = false;
    for (const reading of readings) this.#note(device, reading);
  }

  /** It has spoken without a value, come or gone. */
  onSpoken(id: string, family: string | null): void {
    if (this.#placed.has(id)) return;
    const device = this.#heard(id, family);
    if (device) device.isAnnouncedOnly = false;
  }

  onAnnounced(id: string, family: string): void {
    if (!this.#placed.has(id)) this.#heard(id, family);
  }

  /** The newest first. */
  list(): FoundDevice[] {
    return [...this.#devices.values()].sort((a, b) => b.lastSeenAtMs - a.lastSeenAtMs);
  }

  /** It is not asked about any more, until it is forgotten. False when it is not there. */
  dismiss(id: string, isDismissed: boolean): boolean {
    const device = this.#devices.get(id);
    if (device === undefined) return false;
    device.isDismissed = isDismissed;
    this.#changed();
    return true;
  }

  /** With its credential go the devices that spoke through it. */
  forget(id: string): void {
    for (const known of this.#devices.keys())
      if ((known === id || known.startsWith(`${id}.`)) && this.#devices.delete(known)) this.#changed();
  }

  /** Called with every message of a device without a place: one that is known costs a look-up. */
  #heard(id: string, family: string | null): FoundDevice | undefined {
    const nowMs = this.#options.clock.nowMs();
    const known = this.#devices.get(id);
    const device = known ?? this.#admitted(id, nowMs);
    if (device === undefined) return undefined;
    if (nowMs - device.lastSeenAtMs >= IN_ORDER_MS) {
      this.#devices.delete(id);
      this.#devices.set(id, device);
    }
    device.lastSeenAtMs = nowMs;
    device.family = family ?? device.family;
    this.#changed();
    return device;
  }

  /** Undefined when it is no sensor, or when the list is full of devices that speak. */
  #admitted(id: string, nowMs: number): FoundDevice | undefined {
    if (this.#devices.size >= MOST_DEVICES) {
      const [oldest] = this.#devices.values();
      if (oldest === undefined || nowMs - oldest.lastSeenAtMs < SILENT_MS) return undefined;
      this.#devices.delete(oldest.id);
    }
    if (this.#options.isBridge(id)) return undefined;
    const device: FoundDevice = {
      ...{ id, family: null, firstSeenAtMs: nowMs, lastSeenAtMs: nowMs, isAnnouncedOnly: true },
      ...{ isDismissed: false, values: [] },
    };
    this.#devices.set(id, device);
    return device;
  }

  #note(device: FoundDevice, { metric, channel, value }: Heard): void {
    const atMs = device.lastSeenAtMs;
    const known = device.values.find((told) => told.metric === metric && told.channel === channel);
    if (known) Object.assign(known, { value, atMs });
    else if (device.values.length < MOST_VALUES) device.values.push({ metric, channel, value, atMs });
  }

  #changed(): void {
    this.#timer ??= setTimeout(() => this.#save(), SAVE_AFTER_MS);
    this.#timer.unref();
  }

  #save(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      writeStateFile(this.#options.path, { version: 1, devices: [...this.#devices.values()] });
    } catch (error) {
      this.#options.onError(error);
    }
  }
}
