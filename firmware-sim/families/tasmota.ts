import { type Static, Type } from 'typebox';
import type { Output } from '../devices/output.ts';
import type { Family, Shell, Unit } from '../devices/unit.ts';
import type { OutputSpec } from '../farm/spec.ts';
import type { HeardMessage, Speaker } from '../links/link.ts';
import { Countdowns } from './countdowns.ts';

const Settings = Type.Object(
  {
    /** Its Topic, when several outputs sit in one box or the box is not called like the output. */
    box: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' })),
    /** Number of the relay. */
    output: Type.Optional(Type.Integer({ minimum: 1, maximum: 32 })),
    fullTopic: Type.Optional(Type.Enum(['%prefix%/%topic%/', '%topic%/%prefix%/'])),
    /** As it stands when it comes out of the box, 3 unless somebody has changed it. */
    powerOnState: Type.Optional(Type.Integer({ minimum: 0, maximum: 3 })),
    pulseTime: Type.Optional(Type.Integer({ minimum: 0, maximum: 64_900 })),
    telePeriodSeconds: Type.Optional(Type.Integer({ minimum: 10, maximum: 3_600 })),
    /** Local time is that of the Time in its messages. */
    utcOffsetHours: Type.Optional(Type.Number({ minimum: -12, maximum: 14 })),
  },
  { additionalProperties: false },
);
type Settings = Static<typeof Settings>;

const settingsOf = (spec: OutputSpec): Settings => spec.settings ?? {};

/** Tasmota relays (tasmota.github.io/docs: Commands, MQTT; the firmware's support_command.ino where these say nothing). */
export const tasmota: Family = {
  settings: Settings,
  speakerOf: (spec) => settingsOf(spec).box ?? spec.id,
  build: (identity, outputs, shell) => new Tasmota(identity, outputs, shell),
};

const TELE_PERIOD_SECONDS = 300;
/** SetOption34: the pause between the commands of a Backlog; Backlog0 makes none, and no Delay either. */
const BACKLOG_SECONDS = 0.2;
/** Units of a Delay, least and most. */
const DELAY_SECONDS = 0.1;
const DELAYS = [2, 3_600] as const;
const LAST_STATUS = 13;
const HOUR_MS = 3_600_000;
const ON = new Set(['1', 'ON', 'TRUE']);
const OFF = new Set(['0', 'OFF', 'FALSE']);
const TOGGLE = new Set(['2', 'TOGGLE']);

interface Relay {
  readonly number: number;
  readonly output: Output;
  /** The setting: 1–111 tenths of a second, 112–64900 seconds plus 100, 0 none. */
  pulseTime: number;
}

class Tasmota implements Unit {
  readonly speaker: Speaker;
  readonly #identity: string;
  readonly #shell: Shell;
  readonly #relays: readonly Relay[];
  readonly #timers: Countdowns;
  readonly #base: (prefix: string) => string;
  readonly #fullTopic: string;
  readonly #settings: Settings;
  /** In the flash: what survives a loss of power. */
  readonly #flash: { powerOnState: number; readonly power: Map<number, boolean> };
  #telePeriodSeconds: number;
  /** What waits of a Backlog, and how long after the command that runs. */
  #waiting: { readonly step: string; readonly pauses: boolean }[] = [];
  #pauseSeconds = 0;
  #bootMs = 0;

  constructor(identity: string, outputs: readonly Output[], shell: Shell) {
    this.#identity = identity;
    this.#shell = shell;
    this.#relays = outputs.map((output, index) => ({
      output,
      number: settingsOf(output.spec).output ?? index + 1,
      pulseTime: settingsOf(output.spec).pulseTime ?? 0,
    }));
    const [first] = outputs;
    this.#settings = first ? settingsOf(first.spec) : {};
    this.#flash = { powerOnState: this.#settings.powerOnState ?? 3, power: new Map() };
    this.#telePeriodSeconds = this.#settings.telePeriodSeconds ?? TELE_PERIOD_SECONDS;
    this.#fullTopic = this.#settings.fullTopic ?? '%prefix%/%topic%/';
    this.#base = (prefix) => this.#fullTopic.replace('%prefix%', prefix).replace('%topic%', identity);
    this.#timers = new Countdowns(shell.clock);
    this.speaker = {
      identity,
      subscriptions: [`${this.#base('cmnd')}#`],
      presence: { topic: `${this.#base('tele')}LWT`, online: 'Online', offline: 'Offline' },
    };
  }

  /** PowerOnState: 0 off, 1 on, 2 the opposite of before, 3 as before; a relay that is on then has its PulseTime anew. */
  boot(): void {
    this.#bootMs = this.#shell.clock.nowMs();
    const { powerOnState, power } = this.#flash;
    for (const relay of this.#relays) {
      const before = power.get(relay.number) ?? false;
      const isOn = [false, true, !before, before][powerOnState] ?? false;
      relay.output.switch(isOn);
      power.set(relay.number, isOn);
      if (isOn) this.#startPulse(relay);
    }
    this.#teleAgain();
  }

  die(): void {
    this.#timers.clearAll();
    this.#waiting = [];
    for (const { output } of this.#relays) output.switch(false);
  }

  connected(): void {
    this.#discover();
    this.#tele();
  }

  received({ topic, payload, retained }: HeardMessage): void {
    const command = topic.slice(this.#base('cmnd').length);
    // A retained command is carried out as well: that is a known trap of Tasmota.
    if (command !== '' && (!retained || payload !== '')) this.#run(command, payload.trim());
  }

  #run(text: string, payload: string): void {
    const [, name = '', digits = ''] = /^([a-z]+(?:on(?=state))?)(\d*)$/i.exec(text) ?? [];
    const index = digits === '' ? undefined : Number(digits);
    switch (name.toUpperCase()) {
      case 'BACKLOG':
        this.#backlog(payload, index !== 0);
        return;
      case 'DELAY':
        this.#delay(Number(payload));
        return;
      case 'POWER':
        this.#power(index ?? 1, payload.toUpperCase());
        return;
      case 'PULSETIME':
        this.#pulseTime(index ?? 1, payload);
        return;
      case 'POWERONSTATE': {
        const value = Number(payload);
        if (payload !== '' && Number.isInteger(value) && value >= 0 && value <= 5)
          this.#flash.powerOnState = value;
        this.#answer({ PowerOnState: this.#flash.powerOnState });
        return;
      }
      case 'TELEPERIOD': {
        const value = Number(payload);
        if (value >= 10 && value <= 3_600) {
          this.#telePeriodSeconds = value;
          this.#teleAgain();
        }
        this.#answer({ TelePeriod: this.#telePeriodSeconds });
        return;
      }
      case 'STATE':
        this.#answer(this.#state());
        return;
      case 'STATUS':
        this.#status(index === 0 ? 'all' : payload);
        return;
      default:
        this.#answer({ Command: 'Unknown' });
    }
  }

  /** Steps come behind those that wait already; none at all takes these away. */
  #backlog(commands: string, pauses: boolean): void {
    const steps = commands.split(';').map((step) => step.trim().replace(/^(?:backlog\d?\s+)+/i, ''));
    if (commands === '') this.#answer({ Backlog: this.#waiting.length === 0 ? 'Empty' : 'Aborted' });
    this.#waiting =
      commands === ''
        ? []
        : [...this.#waiting, ...steps.filter((step) => step !== '').map((step) => ({ step, pauses }))];
    this.#timers.clear('backlog');
    this.#work();
  }

  #work(): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const [command = '', ...rest] = next.step.split(/\s+/);
      this.#pauseSeconds = BACKLOG_SECONDS;
      this.#run(command, rest.join(' '));
      if (!next.pauses) continue;
      this.#timers.set('backlog', this.#pauseSeconds, () => this.#work());
      return;
    }
  }

  #delay(units: number): void {
    const [least, most] = DELAYS;
    if (units >= least && units <= most) this.#pauseSeconds = units * DELAY_SECONDS;
    this.#answer({ Delay: Math.round(this.#pauseSeconds / DELAY_SECONDS) });
  }

  /** All at once: PulseTime hears nothing of it, what it makes run on goes on, and what it does not goes without an end. */
  #powerAll(payload: string): void {
    for (const relay of this.#relays) {
      const isToggled = TOGGLE.has(payload);
      if (isToggled || ON.has(payload) || OFF.has(payload))
        this.#setRelay(relay, isToggled ? !relay.output.isTold : ON.has(payload));
    }
    for (const relay of this.#relays) this.#tellPower(relay);
  }

  #power(number: number, payload: string): void {
    if (number === 0) {
      this.#powerAll(payload);
      return;
    }
    const relay = this.#relays.find((one) => one.number === number);
    if (relay === undefined) {
      this.#answer({ Command: 'Error' });
      return;
    }
    const isOn = ON.has(payload) || (TOGGLE.has(payload) && !relay.output.isTold);
    if (isOn || OFF.has(payload) || TOGGLE.has(payload)) this.#switch(relay, isOn);
    else this.#tellPower(relay);
  }

  #setRelay({ output, number }: Relay, isOn: boolean): void {
    output.switch(isOn);
    this.#flash.power.set(number, isOn);
  }

  #switch(relay: Relay, isOn: boolean): void {
    this.#setRelay(relay, isOn);
    if (isOn) this.#startPulse(relay);
    else this.#timers.clear(pulseOf(relay));
    this.#tellPower(relay);
  }

  /** Setting it starts it anew, also while the relay is on. */
  #pulseTime(number: number, payload: string): void {
    const relay = this.#relays.find((one) => one.number === number);
    if (relay === undefined) {
      this.#answer({ Command: 'Error' });
      return;
    }
    const value = Number(payload);
    if (payload !== '' && Number.isInteger(value) && value >= 0 && value < 65_536) {
      relay.pulseTime = value;
      this.#startPulse(relay);
    }
    const remaining = this.#timers.left(pulseOf(relay));
    const Remaining =
      remaining === 0 ? 0 : remaining <= 11.1 ? Math.ceil(remaining * 10) : Math.ceil(remaining) + 100;
    this.#answer({ [`PulseTime${number}`]: { Set: relay.pulseTime, Remaining } });
  }

  #startPulse(relay: Relay): void {
    this.#timers.clear(pulseOf(relay));
    const seconds = relay.pulseTime <= 111 ? relay.pulseTime / 10 : relay.pulseTime - 100;
    if (seconds === 0) return;
    this.#timers.set(pulseOf(relay), seconds, () => {
      if (relay.output.isTold && !relay.output.conditions.timerLost.value) this.#switch(relay, false);
    });
  }

  #tellPower(relay: Relay): void {
    const name = this.#nameOf(relay);
    const word = relay.output.isTold ? 'ON' : 'OFF';
    this.#answer({ [name]: word });
    this.#publish('stat', name, word);
  }

  /** A box with one relay calls it POWER. */
  #nameOf({ number }: Relay): string {
    return this.#relays.length === 1 && number === 1 ? 'POWER' : `POWER${number}`;
  }

  #teleAgain(): void {
    this.#timers.set('tele', this.#telePeriodSeconds, () => {
      this.#tele();
      this.#teleAgain();
    });
  }

  #tele(): void {
    this.#publish('tele', 'STATE', JSON.stringify(this.#state()));
    const sensors = this.#sensors();
    if ('COUNTER' in sensors) this.#publish('tele', 'SENSOR', JSON.stringify(sensors));
  }

  #sensors(): object {
    const counters = this.#relays.flatMap(({ number, output }) => {
      const { meter, spec } = output;
      if (meter === undefined) return [];
      return [[`C${number}`, Math.round(meter.read().totalLitres / (spec.meterLitresPerPulse ?? 1))]];
    });
    const Time = this.#localTime();
    return counters.length === 0 ? { Time } : { Time, COUNTER: Object.fromEntries(counters) };
  }

  /** `Status N`: N in a message of its own; none: the first; 0: all, one after another; `Status0`: all in one. */
  #status(which: string): void {
    const [first, sensors, state] = [
      { Status: this.#settingsNow() },
      { StatusSNS: this.#sensors() },
      { StatusSTS: this.#state() },
    ];
    const parts: Readonly<Record<string, object>> = { '': first, 8: sensors, 10: sensors, 11: state };
    const publish = (number: string, payload: object) =>
      this.#publish('stat', `STATUS${number}`, JSON.stringify(payload));
    const wanted =
      which === '' || which === 'all' || !Number.isInteger(Number(which)) ? '' : String(Number(which));
    if (which === 'all') publish('0', { ...first, ...sensors, ...state });
    else if (wanted === '0')
      for (const [number, part] of [
        ['', first],
        ['10', sensors],
        ['11', state],
      ] as const)
        publish(number, part);
    else if (parts[wanted] !== undefined) publish(wanted, parts[wanted]);
    else if (Number(wanted) > LAST_STATUS) this.#answer({ Command: 'Error' });
    else this.#shell.note(`not simulated: Status ${wanted}`);
  }

  #settingsNow(): object {
    const isOn = this.#relays.toReversed().map(({ output }) => Number(output.isTold));
    return {
      ...{ Module: 0, DeviceName: this.#identity, FriendlyName: [this.#identity], Topic: this.#identity },
      ...{ Power: isOn.join(''), PowerOnState: this.#flash.powerOnState },
    };
  }

  #state() {
    const powers = this.#relays.map((relay) => [this.#nameOf(relay), relay.output.isTold ? 'ON' : 'OFF']);
    const uptimeSeconds = Math.round((this.#shell.clock.nowMs() - this.#bootMs) / 1000);
    return {
      Time: this.#localTime(),
      UptimeSec: uptimeSeconds,
      ...Object.fromEntries(powers),
      Wifi: { RSSI: 62, Signal: -69 },
    };
  }

  /** Local, without an offset. */
  #localTime(): string {
    const { utcOffsetHours = 7 } = this.#settings;
    return new Date(this.#shell.timeMs() + utcOffsetHours * HOUR_MS).toISOString().slice(0, 19);
  }

  #discover(): void {
    const mac = macOf(this.#identity);
    const numbers = this.#relays.map(({ number }) => number);
    const config = {
      ...{ ip: '192.168.1.50', dn: this.#identity, fn: [this.#identity], hn: this.#identity, mac },
      ...{ md: 'Generic', ty: 0, if: 0, ofln: 'Offline', onln: 'Online' },
      ...{ state: ['OFF', 'ON', 'TOGGLE', 'HOLD'], sw: '15.0.1', t: this.#identity, ft: this.#fullTopic },
      ...{
        tp: ['cmnd', 'stat', 'tele'],
        rl: Array.from({ length: 32 }, (_, at) => Number(numbers.includes(at + 1))),
      },
    };
    const publish = (what: string, payload: object) =>
      this.#shell.publish(
        { topic: `tasmota/discovery/${mac}/${what}`, payload: JSON.stringify(payload), retain: true },
        'now',
      );
    publish('config', config);
    publish('sensors', { sn: { Time: this.#localTime() }, ver: 1 });
  }

  #answer(payload: object): void {
    this.#publish('stat', 'RESULT', JSON.stringify(payload));
  }

  #publish(prefix: string, word: string, payload: string): void {
    this.#shell.publish({ topic: this.#base(prefix) + word, payload }, 'now');
  }
}

const pulseOf = ({ number }: Relay) => `pulse ${number}`;

/** A locally administered address, always the same for the same name. */
function macOf(identity: string): string {
  let value = 0;
  for (const character of identity) value = (Math.imul(value, 31) + character.charCodeAt(0)) >>> 0;
  return `02AB${value.toString(16).toUpperCase().padStart(8, '0')}`;
}
