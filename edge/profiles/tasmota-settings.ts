import { matchTopic, type TopicName } from '@nongtin/broker/wire';
import type { JsonObject } from './json.ts';

/** What a Tasmota device says of itself on `tasmota/discovery/<MAC>/config`, as far as its messages need it. */
export interface TasmotaSettings {
  /** What its telemetry's and its answers' topics begin with. */
  readonly telemetry: string;
  readonly answers: string;
  readonly online: string;
  readonly offline: string;
  readonly on: string;
  readonly off: string;
  /** Numbers of the outputs that are lamps or shutters, not relays. */
  readonly notRelays: readonly number[];
  /** Why its messages or our commands cannot arrive, and what to set. */
  readonly trouble?: string | undefined;
}

/** Of a device that has not told its own: both of the usual full topics are understood. */
export const defaults = {
  online: 'Online',
  offline: 'Offline',
  on: 'ON',
  off: 'OFF',
  notRelays: [] as number[],
};

/**
 * Reads a discovery message. `ft` is the full topic, `tp` the prefixes of commands, answers and telemetry, `t` the
 * device's topic, `rl` the kind of each output: 1 relay, 2 lamp, 3 shutter (Tasmota: xdrv_12_discovery). Undefined when it
 * holds no topics.
 */
export function readSettings(speaker: string, config: JsonObject): TasmotaSettings | undefined {
  const { ft, t, tp, ofln, onln, state, rl } = config;
  if (typeof ft !== 'string' || typeof t !== 'string' || !Array.isArray(tp)) return undefined;
  if (ft.length > 128 || t.length > 128) return undefined;
  const [command, answer, telemetry] = tp.map((prefix) => shortText(prefix));
  if (command === undefined || answer === undefined || telemetry === undefined) return undefined;
  const base = (prefix: string) => {
    const full = ft.replaceAll('%prefix%', prefix).replaceAll('%topic%', t);
    return full.endsWith('/') ? full : `${full}/`;
  };
  const [off, on] = Array.isArray(state) ? state.map((text) => shortText(text)) : [];
  const kinds = Array.isArray(rl) ? rl.slice(0, 32) : [];
  return {
    telemetry: base(telemetry),
    answers: base(answer),
    online: shortText(onln) ?? defaults.online,
    offline: shortText(ofln) ?? defaults.offline,
    on: on ?? defaults.on,
    off: off ?? defaults.off,
    notRelays: kinds.flatMap((kind, index) => (kind === 2 || kind === 3 ? [index + 1] : [])),
    trouble: trouble(speaker, base(command), base(answer), base(telemetry)),
  };
}

const SPOKEN: readonly TopicName[] = ['tasmotaTelemetry', 'tasmotaResult', 'own'];
const HEARD: readonly TopicName[] = ['tasmotaCommand', 'ownTasmotaCommand'];

/** The broker refuses what is not in the table of topics, so a technician must be told what to change. */
function trouble(speaker: string, commands: string, answers: string, telemetry: string): string | undefined {
  const passes = (topic: string, rows: readonly TopicName[]) => {
    const match = matchTopic(topic);
    return match !== undefined && rows.includes(match.name) && match.identity === speaker;
  };
  const wrong = [
    ...(passes(`${telemetry}SENSOR`, SPOKEN) ? [] : [`its values on ${telemetry}…`]),
    ...(passes(`${answers}RESULT`, SPOKEN) ? [] : [`its answers on ${answers}…`]),
    ...(passes(`${commands}POWER`, HEARD) ? [] : [`commands to it on ${commands}…`]),
  ];
  if (wrong.length === 0) return undefined;
  return (
    `${wrong.join(' and ')} cannot pass; on the device set: Topic ${speaker}, ` +
    'FullTopic %prefix%/%topic%/ (or %topic%/%prefix%/), Prefix1 cmnd, Prefix2 stat, Prefix3 tele'
  );
}

function shortText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= 64 ? value : undefined;
}
