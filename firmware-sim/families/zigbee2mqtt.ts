import { type Static, Type } from 'typebox';
import type { Output } from '../devices/output.ts';
import type { Family, Shell, Unit } from '../devices/unit.ts';
import type { OutputSpec } from '../farm/spec.ts';
import type { HeardMessage, Speaker } from '../links/link.ts';
import { Countdowns } from './countdowns.ts';

const Settings = Type.Object(
  {
    /** Identity of the bridge; all valves of one bridge share its connection. */
    bridge: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' })),
    baseTopic: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' })),
    /** Friendly name, when it is not the device's. */
    name: Type.Optional(Type.String({ pattern: '^[^+#]{1,128}$' })),
    /** How long one unit of on_time really lasts: 10 on valves such as Koenkk/zigbee2mqtt#27465. */
    onTimeUnitSeconds: Type.Optional(Type.Enum([0.1, 1, 10, 60])),
    /** False: it closes by itself and says nothing of it (Koenkk/zigbee2mqtt#23585). */
    tellsOwnClosing: Type.Optional(Type.Boolean()),
    /** Pause between two messages while nothing happens. */
    everySeconds: Type.Optional(Type.Number({ minimum: 1, maximum: 86_400 })),
    /** False: an open valve does not hear another timed ON. */
    renews: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
type Settings = Static<typeof Settings>;

const settingsOf = (spec: OutputSpec): Settings => spec.settings ?? {};
const BRIDGE = 'zigbee';

/**
 * Valves behind Zigbee2MQTT (zigbee2mqtt.io: MQTT topics and messages, SONOFF SWV). They latch and run on batteries: a bridge
 * that loses its power or starts anew leaves them as they are, and their own timers close them.
 */
export const zigbee2mqtt: Family = {
  settings: Settings,
  speakerOf: (spec) => settingsOf(spec).bridge ?? BRIDGE,
  build: (identity, outputs, shell) => new Bridge(identity, outputs, shell),
};

const EVERY_SECONDS = 1_800;
/** Through the air to a valve that looks for messages now and then. */
const AIR_SECONDS = 0.5;
/** Zigbee's OnTime is 16 bits of tenths of a second (ZCL 3.8.2.3.4). */
const LONGEST_ON_TIME_SECONDS = 6_553.5;
const CUBIC_METRES_PER_HOUR = 0.06;

interface ZigbeeValve {
  readonly name: string;
  readonly output: Output;
  readonly settings: Settings;
  /** What the bridge last heard of it, keeps on its disk, and sends again and again. */
  state: 'ON' | 'OFF';
}

class Bridge implements Unit {
  readonly speaker: Speaker;
  readonly #base: string;
  readonly #shell: Shell;
  readonly #valves: readonly ZigbeeValve[];
  /** Messages on their way to a valve. */
  readonly #air: Countdowns;
  /** In the valves, which have batteries. */
  readonly #timers: Countdowns;
  #isPowered = false;

  constructor(identity: string, outputs: readonly Output[], shell: Shell) {
    this.#shell = shell;
    this.#air = new Countdowns(shell.clock);
    this.#timers = new Countdowns(shell.clock);
    this.#valves = outputs.map((output) => {
      const settings = settingsOf(output.spec);
      return { name: settings.name ?? output.spec.id, output, settings, state: 'OFF' };
    });
    this.#base = this.#valves[0]?.settings.baseTopic ?? 'zigbee2mqtt';
    this.speaker = {
      identity,
      subscriptions: this.#valves.flatMap(({ name }) => [
        `${this.#base}/${name}/set/#`,
        `${this.#base}/${name}/get/#`,
      ]),
      presence: {
        topic: `${this.#base}/bridge/state`,
        online: '{"state":"online"}',
        offline: '{"state":"offline"}',
      },
    };
  }

  /** Only of the bridge: what a valve has done meanwhile it hears from the valve's next report. */
  boot(): void {
    this.#isPowered = true;
    for (const valve of this.#valves) if (!this.#timers.runs(againOf(valve))) this.#again(valve);
  }

  die(): void {
    this.#isPowered = false;
    this.#air.clearAll();
  }

  connected(): void {
    this.#publish('bridge/devices', this.#valves.map(deviceOf), true);
    for (const valve of this.#valves) this.#tell(valve);
  }

  received({ topic, payload }: HeardMessage): void {
    const valve = this.#valves.find(({ name }) => topic.startsWith(`${this.#base}/${name}/`));
    if (valve === undefined) return;
    const [verb, attribute] = topic.slice(`${this.#base}/${valve.name}/`.length).split('/');
    if (verb === 'get') {
      this.#tell(valve);
      return;
    }
    // …/set/ATTRIBUTE takes the bare value of one.
    const wish = attribute === undefined ? objectIn(payload) : { [attribute]: payload };
    const word = String(wish?.state ?? '').toUpperCase();
    if (word !== 'ON' && word !== 'OFF' && word !== 'TOGGLE') {
      this.#shell.note(`not simulated: ${topic} ${payload}`);
      return;
    }
    const isOn = word === 'ON' || (word === 'TOGGLE' && valve.state === 'OFF');
    this.#air.set(valve.name, AIR_SECONDS, () => this.#turn(valve, isOn, wish ?? {}));
  }

  /**
   * On With Timed Off (ZCL 3.8.2.3.6): an open valve stays open for the longer of what is left and what is asked for; during
   * off_wait_time a timed ON is not heard.
   */
  #turn(valve: ZigbeeValve, isOn: boolean, wish: Readonly<Record<string, unknown>>): void {
    const { name, output, settings } = valve;
    const onTime = typeof wish.on_time === 'number' && wish.on_time > 0 ? wish.on_time : undefined;
    if (isOn && onTime !== undefined && this.#timers.left(`wait ${name}`) > 0) return;
    const leftSeconds = this.#timers.left(`on ${name}`);
    if (isOn && onTime !== undefined && leftSeconds > 0 && settings.renews === false) return;
    output.switch(isOn);
    this.#timers.clear(`on ${name}`);
    if (isOn && onTime !== undefined) {
      const unitSeconds = settings.onTimeUnitSeconds ?? 1;
      const seconds = Math.max(leftSeconds, Math.min(onTime, LONGEST_ON_TIME_SECONDS) * unitSeconds);
      const waitSeconds = typeof wish.off_wait_time === 'number' ? wish.off_wait_time : 0;
      this.#timers.set(`on ${name}`, seconds, () => this.#closeItself(valve, waitSeconds));
    }
    this.#report(valve);
    this.#again(valve);
  }

  #closeItself(valve: ZigbeeValve, waitSeconds: number): void {
    const { name, output, settings } = valve;
    if (output.conditions.timerLost.value) return;
    output.switch(false);
    if (waitSeconds > 0) this.#timers.set(`wait ${name}`, waitSeconds, () => {});
    if (settings.tellsOwnClosing !== false) this.#report(valve);
    this.#again(valve);
  }

  #again(valve: ZigbeeValve): void {
    const { output, settings } = valve;
    const pause = output.isTold
      ? (output.spec.reportSeconds ?? 30)
      : (settings.everySeconds ?? EVERY_SECONDS);
    this.#timers.set(againOf(valve), pause, () => {
      if (settings.tellsOwnClosing === false) this.#tell(valve);
      else this.#report(valve);
      this.#again(valve);
    });
  }

  /** The valve says how it stands; without power the bridge does not hear it. */
  #report(valve: ZigbeeValve): void {
    if (!this.#isPowered) return;
    valve.state = valve.output.isTold ? 'ON' : 'OFF';
    this.#tell(valve);
  }

  #tell(valve: ZigbeeValve): void {
    const flow = valve.output.meter?.read().flowLitresPerMinute;
    this.#publish(valve.name, {
      state: valve.state,
      battery: 87,
      linkquality: 128,
      current_device_status: 'normal_state',
      ...(flow === undefined ? {} : { flow: Number((flow * CUBIC_METRES_PER_HOUR).toFixed(2)) }),
    });
  }

  #publish(topic: string, payload: object, retain = false): void {
    const message = { topic: `${this.#base}/${topic}`, payload: JSON.stringify(payload), retain };
    this.#shell.publish(message, 'now');
  }
}

const againOf = ({ name }: ZigbeeValve) => `again ${name}`;

function deviceOf({ name, output }: ZigbeeValve, index: number): object {
  const flow = { type: 'numeric', name: 'flow', property: 'flow', access: 5, unit: 'm³/h' };
  return {
    ieee_address: `0x00124b00000000${(index + 16).toString(16)}`,
    type: 'EndDevice',
    friendly_name: name,
    power_source: 'Battery',
    supported: true,
    definition: {
      model: 'SWV',
      vendor: 'SONOFF',
      exposes: [
        {
          type: 'switch',
          features: [
            { type: 'binary', name: 'state', property: 'state', access: 7, value_on: 'ON', value_off: 'OFF' },
          ],
        },
        { type: 'numeric', name: 'battery', property: 'battery', access: 5, unit: '%' },
        ...(output.meter === undefined ? [] : [flow]),
      ],
    },
  };
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // Zigbee2MQTT also takes the bare word.
    return { state: text };
  }
}
