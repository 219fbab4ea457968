import { type Static, Type } from 'typebox';
import type { Output } from '../devices/output.ts';
import type { Family, Shell, Unit } from '../devices/unit.ts';
import type { OutputSpec } from '../farm/spec.ts';
import type { HeardMessage, Speaker } from '../links/link.ts';
import { Countdowns } from './countdowns.ts';
import { encodeTasks, tasksIn, type ValveTask } from './uc511.ts';

const Settings = Type.Object(
  {
    /** Identity of the network server; all valves of one server share its connection. */
    bridge: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' })),
    application: Type.Optional(Type.String({ pattern: '^[0-9a-fA-F-]{1,36}$' })),
    devEui: Type.String({ pattern: '^[0-9a-f]{16}$' }),
    /** Its uplink interval; only behind an uplink does it listen. */
    everySeconds: Type.Optional(Type.Number({ minimum: 10, maximum: 86_400 })),
    /** Whether the server has the maker's codec: it decodes uplinks into `object`, and encodes one for a downlink. */
    decoded: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
type Settings = Static<typeof Settings>;

const settingsOf = (spec: OutputSpec) => spec.settings as Settings;
const BRIDGE = 'chirpstack';

/**
 * LoRaWAN class A valves behind ChirpStack v4 (chirpstack-docs: integrations/events, mqtt), with the payloads of a Milesight
 * UC511's first valve (UC51x communication protocol). They latch and run on batteries: a server that loses its power or starts
 * anew leaves them as they are, and its queue, which is in a database, with what waited in it.
 */
export const chirpstack: Family = {
  settings: Settings,
  speakerOf: (spec) => settingsOf(spec).bridge ?? BRIDGE,
  build: (identity, outputs, shell) => new NetworkServer(identity, outputs, shell),
};

const EVERY_SECONDS = 600;
const F_PORT = 85;
/** RX1 opens a second after an uplink. */
const RX1_SECONDS = 1;
/** What is told after a command, or of its own closing. */
const SOON_SECONDS = 5;
/** How often a valve looks at the pulses that it has counted. */
const COUNT_SECONDS = 1;
const UUID = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const APPLICATION = '0fbb6b8e-0b1a-4f2a-9d57-6a2d0b7d4d01';

interface QueueItem {
  readonly id: string;
  readonly fPort: number;
  readonly data: Buffer;
  readonly confirmed: boolean;
  readonly expiresAtMs: number | undefined;
}

interface LoraValve {
  readonly output: Output;
  readonly settings: Settings;
  readonly queue: QueueItem[];
  fCnt: number;
  /** A confirmed downlink that its next uplink acknowledges. */
  unacknowledged: string | undefined;
}

class NetworkServer implements Unit {
  readonly speaker: Speaker;
  readonly #shell: Shell;
  readonly #valves: readonly LoraValve[];
  /** In the valves, which have batteries. */
  readonly #timers: Countdowns;
  #isPowered = false;
  #items = 0;

  constructor(identity: string, outputs: readonly Output[], shell: Shell) {
    this.#shell = shell;
    this.#timers = new Countdowns(shell.clock);
    this.#valves = outputs.map((output) => ({
      ...{ output, settings: settingsOf(output.spec), queue: [], fCnt: 0, unacknowledged: undefined },
    }));
    this.speaker = {
      identity,
      subscriptions: this.#valves.map((valve) => `${topicOf(valve)}/command/down`),
      presence: undefined,
    };
  }

  /** Only of the server: valves go on speaking at their own times. */
  boot(): void {
    this.#isPowered = true;
    for (const [index, valve] of this.#valves.entries())
      if (!this.#timers.runs(upOf(valve))) this.#uplinkIn(valve, SOON_SECONDS * (index + 1));
  }

  die(): void {
    this.#isPowered = false;
  }

  connected(): void {
    // Nobody is told: uplinks come when they come.
  }

  /** A retained command is queued as any other, at each connection. What is refused stands only in the server's own log. */
  received({ topic, payload }: HeardMessage): void {
    const valve = this.#valves.find((one) => topic === `${topicOf(one)}/command/down`);
    if (valve === undefined) return;
    try {
      valve.queue.push(this.#itemIn(objectIn(payload), valve));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#shell.note(`ChirpStack refuses a downlink on ${topic}: ${error.message}`);
    }
  }

  /** Throws a RangeError for what ChirpStack does not queue (chirpstack: integration/mqtt.rs, storage/device_queue.rs). */
  #itemIn(wish: Readonly<Record<string, unknown>> | undefined, { queue, settings }: LoraValve): QueueItem {
    if (wish === undefined) throw new RangeError('it is no JSON object');
    const { devEui, fPort, id = '', expiresAt, object, data = '' } = wish;
    if (devEui !== settings.devEui)
      throw new RangeError(`its devEui '${devEui}' does not match '${settings.devEui}' of the topic`);
    if (typeof fPort !== 'number' || !Number.isInteger(fPort) || fPort < 1 || fPort > 255)
      throw new RangeError(`its fPort must be 1 to 255, not '${fPort}'`);
    if (id !== '' && !UUID.test(String(id))) throw new RangeError(`its id '${id}' is no UUID`);
    if (queue.some((item) => item.id === id))
      throw new RangeError(`an item with the id '${id}' waits already`);
    const expiresAtMs = expiresAt === undefined ? undefined : Date.parse(String(expiresAt));
    if (Number.isNaN(expiresAtMs)) throw new RangeError(`its expiresAt '${expiresAt}' is no instant`);
    if (typeof data !== 'string' || !BASE64.test(data)) throw new RangeError('its data is no base64');
    const bytes = isObject(object) ? encodedBy(settings, object) : Buffer.from(data, 'base64');
    return {
      ...{ id: id === '' ? this.#uuid() : String(id), fPort, data: bytes, expiresAtMs },
      confirmed: wish.confirmed === true,
    };
  }

  #uplinkIn(valve: LoraValve, seconds: number): void {
    this.#timers.set(upOf(valve), seconds, () => this.#uplink(valve));
  }

  #uplink(valve: LoraValve): void {
    const { settings, output } = valve;
    const isOpen = output.isTold;
    const pulses = pulsesOf(valve);
    const data = Buffer.from([0x01, 0x75, 94, 0x03, 0x01, Number(isOpen), 0x04, 0xc8, 0, 0, 0, 0]);
    data.writeUInt32LE(pulses, 8);
    const object = { battery: 94, valve_1: isOpen ? 'open' : 'close', valve_1_pulse: pulses };
    this.#event(valve, 'up', {
      ...{ devAddr: '00189440', adr: true, dr: 3 },
      // Protobuf leaves out what is zero.
      ...(valve.fCnt === 0 ? {} : { fCnt: valve.fCnt }),
      ...{ fPort: F_PORT, data: data.toString('base64'), ...(settings.decoded === false ? {} : { object }) },
      rxInfo: [{ gatewayId: '0016c001f153a14c', rssi: -87, snr: 7.5 }],
      txInfo: { frequency: 921_400_000 },
    });
    valve.fCnt += 1;
    if (valve.unacknowledged !== undefined) {
      this.#event(valve, 'ack', { queueItemId: valve.unacknowledged, acknowledged: true });
      valve.unacknowledged = undefined;
    }
    this.#uplinkIn(valve, settings.everySeconds ?? EVERY_SECONDS);
    if (this.#isPowered) this.#timers.set(`rx ${settings.devEui}`, RX1_SECONDS, () => this.#downlink(valve));
  }

  /** One downlink behind an uplink that was heard; what has expired is never sent. */
  #downlink(valve: LoraValve): void {
    if (!this.#isPowered) return;
    const nowMs = this.#shell.timeMs();
    const item = valve.queue.shift();
    if (item === undefined) return;
    if (item.expiresAtMs !== undefined && item.expiresAtMs <= nowMs) {
      this.#downlink(valve);
      return;
    }
    this.#event(valve, 'txack', {
      downlinkId: valve.fCnt,
      queueItemId: item.id,
      gatewayId: '0016c001f153a14c',
    });
    if (item.confirmed) valve.unacknowledged = item.id;
    // Nothing is wired to its second connector.
    const tasks = item.fPort === F_PORT ? tasksIn(item.data).filter(({ valve: of }) => of === 1) : [];
    for (const task of tasks) this.#obey(valve, task);
    this.#uplinkIn(valve, SOON_SECONDS);
  }

  /** It closes when its time is over or its meter has counted its pulses, whichever comes first; without a rule never. */
  #obey(valve: LoraValve, { isOpen, seconds, pulses }: ValveTask): void {
    const { devEui } = valve.settings;
    const [open, count] = [`open ${devEui}`, `count ${devEui}`];
    this.#timers.clear(open);
    this.#timers.clear(count);
    valve.output.switch(isOpen);
    if (!isOpen) return;
    const close = () => {
      if (valve.output.conditions.timerLost.value) return;
      this.#timers.clear(open);
      this.#timers.clear(count);
      valve.output.switch(false);
      this.#uplinkIn(valve, SOON_SECONDS);
    };
    if (seconds !== undefined) this.#timers.set(open, seconds, close);
    if (pulses === undefined) return;
    const until = pulsesOf(valve) + pulses;
    const look = () => {
      if (pulsesOf(valve) >= until) close();
      else this.#timers.set(count, COUNT_SECONDS, look);
    };
    look();
  }

  #event(valve: LoraValve, event: string, payload: object): void {
    const { settings, output } = valve;
    const message = {
      deduplicationId: this.#uuid(),
      time: new Date(this.#shell.timeMs()).toISOString(),
      deviceInfo: {
        applicationId: settings.application ?? APPLICATION,
        applicationName: 'farm',
        deviceProfileName: 'Milesight UC511',
        deviceName: output.spec.id,
        devEui: settings.devEui,
      },
      ...payload,
    };
    const topic = `${topicOf(valve)}/event/${event}`;
    this.#shell.publish({ topic, payload: JSON.stringify(message) }, 'now');
  }

  #uuid(): string {
    this.#items += 1;
    return `00000000-0000-4000-8000-${this.#items.toString(16).padStart(12, '0')}`;
  }
}

function pulsesOf({ output: { meter, spec } }: LoraValve): number {
  return Math.round((meter?.read().totalLitres ?? 0) / (spec.meterLitresPerPulse ?? 1));
}

/** Without a codec ChirpStack makes an empty payload of any object. */
function encodedBy({ decoded = true }: Settings, object: Readonly<Record<string, unknown>>): Buffer {
  return decoded ? encodeTasks(object) : Buffer.alloc(0);
}

const upOf = ({ settings }: LoraValve) => `up ${settings.devEui}`;

function topicOf({ settings }: LoraValve): string {
  return `application/${settings.application ?? APPLICATION}/device/${settings.devEui}`;
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
