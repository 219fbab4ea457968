import { type Static, Type } from 'typebox';
import type { Output } from '../devices/output.ts';
import type { Family, Shell, Unit } from '../devices/unit.ts';
import type { OutputSpec } from '../farm/spec.ts';
import type { HeardMessage, Speaker } from '../links/link.ts';
import { Countdowns } from './countdowns.ts';

const InitialState = Type.Enum(['off', 'on', 'restore_last', 'match_input']);
const Settings = Type.Object(
  {
    /** Its MQTT prefix, when several outputs sit in one box or the box is not called like the output. */
    box: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' })),
    /** Number of the switch, as in switch:0. */
    output: Type.Optional(Type.Integer({ minimum: 0, maximum: 15 })),
    initialState: Type.Optional(InitialState),
  },
  { additionalProperties: false },
);
type Settings = Static<typeof Settings>;

const settingsOf = (spec: OutputSpec): Settings => spec.settings ?? {};

/** Shelly Gen2 and later (shelly-api-docs.shelly.cloud/gen2: Switch, Mqtt and its control, RPC notifications). */
export const shelly: Family = {
  settings: Settings,
  speakerOf: (spec) => settingsOf(spec).box ?? spec.id,
  build: (identity, outputs, shell) => new Shelly(identity, outputs, shell),
};

interface SwitchConfig {
  readonly id: number;
  initial_state: Static<typeof InitialState>;
  auto_off: boolean;
  auto_off_delay: number;
}

interface Switch {
  readonly id: number;
  readonly output: Output;
  readonly config: SwitchConfig;
  /** Last state, in the flash. */
  last: boolean;
  source: string;
  timer: { readonly startedMs: number; readonly seconds: number } | undefined;
}

type Params = Readonly<Record<string, unknown>>;
interface Failure {
  readonly code: number;
  readonly message: string;
}

class Shelly implements Unit {
  readonly speaker: Speaker;
  readonly #identity: string;
  readonly #shell: Shell;
  readonly #switches: readonly Switch[];
  readonly #timers: Countdowns;

  constructor(identity: string, outputs: readonly Output[], shell: Shell) {
    this.#identity = identity;
    this.#shell = shell;
    this.#timers = new Countdowns(shell.clock);
    this.#switches = outputs.map((output, index) => {
      const { output: id = index, initialState = 'match_input' } = settingsOf(output.spec);
      const config = { id, initial_state: initialState, auto_off: false, auto_off_delay: 60 };
      return { id, output, config, last: false, source: 'init', timer: undefined };
    });
    this.speaker = {
      identity,
      subscriptions: [`${identity}/rpc`, `${identity}/command/#`],
      presence: { topic: `${identity}/online`, online: 'true', offline: 'false' },
    };
  }

  /** Nothing is wired to the input, so match_input is off. Auto-off counts from the boot. */
  boot(): void {
    for (const one of this.#switches) {
      const { initial_state } = one.config;
      const isOn = initial_state === 'on' || (initial_state === 'restore_last' && one.last);
      this.#turn(one, isOn, 'init', undefined);
    }
  }

  die(): void {
    this.#timers.clearAll();
    for (const { output } of this.#switches) output.switch(false);
  }

  connected(): void {
    this.#notify('NotifyFullStatus', { ...this.#status(), sys: { uptime: 0 }, mqtt: { connected: true } });
  }

  received({ topic, payload, retained }: HeardMessage): void {
    if (retained) return;
    if (topic === `${this.#identity}/rpc`) this.#answer(payload);
    else if (!this.#command(topic.slice(`${this.#identity}/command/`.length), payload.trim()))
      this.#shell.note(`not simulated: ${topic} ${payload}`);
  }

  /** MQTT control: to a switch `on`, `off` or `toggle`, with seconds after a comma or without, or `status_update`. */
  #command(component: string, payload: string): boolean {
    const found = this.#switches.find(({ id }) => component === `switch:${id}`);
    if (payload === 'status_update' && (found !== undefined || component === '')) {
      for (const one of found === undefined ? this.#switches : [found])
        this.#publish(`${this.#identity}/status/switch:${one.id}`, this.#statusOf(one));
      return true;
    }
    const [, verb, seconds] = /^(on|off|toggle)(?:,(\d+(?:\.\d+)?))?$/.exec(payload) ?? [];
    if (found === undefined || verb === undefined) return false;
    const isOn = verb === 'toggle' ? !found.output.isTold : verb === 'on';
    this.#set(found, isOn, seconds === undefined ? undefined : Number(seconds));
    return true;
  }

  #answer(payload: string): void {
    const request = objectIn(payload);
    if (request === undefined || typeof request.method !== 'string') return;
    const { id, src, method } = request;
    const params = (
      typeof request.params === 'object' && request.params !== null ? request.params : {}
    ) as Params;
    const outcome = this.#call(method, params);
    // Without a source nobody is answered.
    if (typeof src !== 'string') return;
    const head = { id, src: this.#identity, dst: src };
    const answer = isFailure(outcome) ? { ...head, error: outcome } : { ...head, result: outcome };
    this.#publish(`${src}/rpc`, answer);
  }

  #call(method: string, params: Params): object {
    const [component, verb] = method.split('.');
    if (method === 'Shelly.GetStatus') return this.#status();
    if (method === 'Shelly.GetDeviceInfo')
      return { id: this.#identity, model: 'SNSW-001X16EU', gen: 2, ver: '1.7.1', app: 'Plus1' };
    if (method === 'Mqtt.GetStatus') return { connected: true };
    if (method === 'Shelly.GetConfig') return this.#config();
    const found = this.#switches.find(({ id }) => id === params.id);
    if (component !== 'Switch') return { code: 404, message: `No handler for ${method}` };
    if (found === undefined) return { code: -105, message: `Argument 'id', value ${params.id} not found!` };
    switch (verb) {
      case 'Set':
        if (typeof params.on !== 'boolean') return { code: -103, message: "Missing required argument 'on'!" };
        return this.#set(found, params.on, params.toggle_after);
      case 'Toggle':
        return this.#set(found, !found.output.isTold, params.toggle_after);
      case 'GetStatus':
        return this.#statusOf(found);
      case 'GetConfig':
        return found.config;
      case 'SetConfig':
        return configure(found.config, params.config);
      default:
        return { code: 404, message: `No handler for ${method}` };
    }
  }

  #set(one: Switch, isOn: boolean, toggleAfter: unknown): object {
    if (toggleAfter !== undefined && (typeof toggleAfter !== 'number' || toggleAfter < 0))
      return { code: -103, message: "Invalid argument 'toggle_after'!" };
    const was_on = one.output.isTold;
    this.#turn(one, isOn, 'MQTT', toggleAfter);
    this.#notify('NotifyStatus', this.#change(one));
    return { was_on };
  }

  /** A timer of its own ends what came before it: toggle_after if it is given, else auto_off if it is on. */
  #turn(one: Switch, isOn: boolean, source: string, toggleAfter: number | undefined): void {
    one.output.switch(isOn);
    one.last = isOn;
    one.source = source;
    const { auto_off, auto_off_delay } = one.config;
    const seconds = toggleAfter ?? (isOn && auto_off ? auto_off_delay : undefined);
    this.#timers.clear(String(one.id));
    one.timer = seconds ? { startedMs: this.#shell.timeMs(), seconds } : undefined;
    if (!seconds) return;
    this.#timers.set(String(one.id), seconds, () => {
      // A lost timer never closes; one that would open again is left to itself.
      if (one.output.conditions.timerLost.value) return;
      this.#turn(one, !isOn, 'timer', undefined);
      this.#notify('NotifyStatus', this.#change(one));
    });
  }

  #config(): object {
    const mqtt = { enable: true, topic_prefix: this.#identity, rpc_ntf: true, status_ntf: false };
    const switches = this.#switches.map(({ config }) => [`switch:${config.id}`, config]);
    return { mqtt: { ...mqtt, enable_control: true }, ...Object.fromEntries(switches) };
  }

  #status(): Record<string, object> {
    return Object.fromEntries(this.#switches.map((one) => [`switch:${one.id}`, this.#statusOf(one)]));
  }

  #statusOf(one: Switch): object {
    return {
      id: one.id,
      source: one.source,
      output: one.output.isTold,
      ...timerOf(one),
      temperature: { tC: 41.5, tF: 106.7 },
    };
  }

  /** Only what has changed. */
  #change(one: Switch): object {
    return {
      [`switch:${one.id}`]: { id: one.id, output: one.output.isTold, source: one.source, ...timerOf(one) },
    };
  }

  #notify(method: string, params: object): void {
    const ts = Math.round(this.#shell.timeMs() / 10) / 100;
    const dst = `${this.#identity}/events`;
    this.#publish(`${dst}/rpc`, { src: this.#identity, dst, method, params: { ts, ...params } });
  }

  #publish(topic: string, payload: object): void {
    this.#shell.publish({ topic, payload: JSON.stringify(payload) }, 'now');
  }
}

function timerOf({ timer }: Switch): object {
  return timer === undefined
    ? {}
    : { timer_started_at: Math.round(timer.startedMs / 10) / 100, timer_duration: timer.seconds };
}

function configure(config: SwitchConfig, wanted: unknown): object {
  const change = (typeof wanted === 'object' && wanted !== null ? wanted : {}) as Params;
  const { initial_state, auto_off, auto_off_delay } = change;
  if (
    typeof initial_state === 'string' &&
    ['off', 'on', 'restore_last', 'match_input'].includes(initial_state)
  )
    config.initial_state = initial_state as SwitchConfig['initial_state'];
  if (typeof auto_off === 'boolean') config.auto_off = auto_off;
  if (typeof auto_off_delay === 'number' && auto_off_delay > 0) config.auto_off_delay = auto_off_delay;
  return { restart_required: false };
}

function isFailure(outcome: object): outcome is Failure {
  return 'code' in outcome && 'message' in outcome;
}

function objectIn(text: string): Params | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Params) : undefined;
  } catch {
    return undefined;
  }
}
