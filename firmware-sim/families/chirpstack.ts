import { type Static, Type } from 'typebox';
import type { Output } from '../devices/output.ts';
import type { Family, Shell, Unit } from '../devices/unit.ts';
import type { OutputSpec } from '../farm/spec.ts';
import type { HeardMessage, Speaker } from '../links/link.ts';
import { Countdowns } from './countdowns.ts';

const Settings = Type.Object(
  {
    /** Identity of the network server; all valves of one server share its connection. */
    bridge: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' })),
    application: Type.Optional(Type.String({ pattern: '^[0-9a-fA-F-]{1,36}$' })),
    devEui: Type.String({ pattern: '^[0-9a-f]{16}$' }),
    /** Its uplink interval; only behind an uplink does it listen. */
    everySeconds: Type.Optional(Type.Number({ minimum: 10, maximum: 86_400 })),
    /** Whether a codec on the server decodes its payloads into `object`. */
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
const APPLICATION = '0fbb6b8e-0b1a-4f2a-9d57-6a2d0b7d4d01';

interface QueueItem {
  readonly id: string;
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

  received({ topic, payload, retained }: HeardMessage): void {
    const valve = this.#valves.find((one) => topic === `${topicOf(one)}/command/down`);
    const wish = retained ? undefined : objectIn(payload);
    if (valve === undefined || wish === undefined || typeof wish.data !== 'string') return;
    this.#items += 1;
    const id = typeof wish.id === 'string' ? wish.id : `item-${this.#items}`;
    if (valve.queue.some((item) => item.id === id)) {
      this.#event(valve, 'log', { level: 'ERROR', code: 'DOWNLINK', description: 'Object already exists' });
      return;
    }
    const expiresAtMs = typeof wish.expiresAt === 'string' ? Date.parse(wish.expiresAt) : Number.NaN;
    valve.queue.push({
      ...{ id, data: Buffer.from(wish.data, 'base64'), confirmed: wish.confirmed === true },
      expiresAtMs: Number.isFinite(expiresAtMs) ? expiresAtMs : undefined,
    });
  }

  #uplinkIn(valve: LoraValve, seconds: number): void {
    this.#timers.set(upOf(valve), seconds, () => this.#uplink(valve));
  }

  #uplink(valve: LoraValve): void {
    const { settings, output } = valve;
    const isOpen = output.isTold;
    const litres = output.meter?.read().totalLitres ?? 0;
    const pulses = Math.round(litres / (output.spec.meterLitresPerPulse ?? 1));
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
    this.#obey(valve, item.data);
    this.#uplinkIn(valve, SOON_SECONDS);
  }

  /** ff 1d: bit 7 of the next byte says that a time follows, bit 5 opens; then a number, then seconds in 24 bits. */
  #obey(valve: LoraValve, data: Buffer): void {
    if (data[0] !== 0xff || data[1] !== 0x1d || data.length < 4) return;
    const control = data[2] ?? 0;
    const isOpen = (control & 0x20) !== 0;
    const name = `open ${valve.settings.devEui}`;
    this.#timers.clear(name);
    valve.output.switch(isOpen);
    if (!isOpen || (control & 0x80) === 0 || data.length < 7) return;
    this.#timers.set(name, data.readUIntLE(4, 3), () => {
      if (valve.output.conditions.timerLost.value) return;
      valve.output.switch(false);
      this.#uplinkIn(valve, SOON_SECONDS);
    });
  }

  #event(valve: LoraValve, event: string, payload: object): void {
    const { settings, output } = valve;
    this.#items += 1;
    const message = {
      deduplicationId: `00000000-0000-4000-8000-${this.#items.toString(16).padStart(12, '0')}`,
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
}

const upOf = ({ settings }: LoraValve) => `up ${settings.devEui}`;

function topicOf({ settings }: LoraValve): string {
  return `application/${settings.application ?? APPLICATION}/device/${settings.devEui}`;
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
