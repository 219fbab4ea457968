import type { Codecs } from '../codecs/index.ts';
import { isObject, type JsonObject } from './json.ts';
import { readFields } from './lorawan-fields.ts';
import { type Parsed, type ParsedReading, problem } from './profile.ts';

/** An uplink as every network server tells it, whatever it calls the fields. */
export interface LoraUplink {
  readonly device: string;
  /** What the device, its model and its profile are called, the most telling first: they name its codec and its maker. */
  readonly names: readonly string[];
  /** What its application is called: a codec may be for all of it, but it says nothing of the maker. */
  readonly groups: readonly string[];
  /** What the network server decoded itself. */
  readonly decoded: unknown;
  readonly normalized?: unknown;
  /** The payload in base64; absent or empty when the frame had none. */
  readonly data: unknown;
  readonly fPort: number;
  readonly counter: number;
  readonly timeGiven: boolean;
  readonly observedAtMs: number | undefined;
  readonly receivedAtMs: number;
  /** What is known of radio and battery besides the payload. */
  readonly link: readonly ParsedReading[];
}

const MOST_BASE64 = 2_048;

/** The decoded fields where there are any; else the bytes through a codec of the farm's own. */
export function readUplink(codecs: Codecs | undefined, uplink: LoraUplink): Parsed | Promise<Parsed> {
  const { device, names, decoded, normalized, data } = uplink;
  if (holds(decoded) || holds(normalized)) return message(uplink, { decoded, normalized, names });
  if (data === undefined || data === null || data === '') return message(uplink, { decoded: {}, names });
  const bytes = bytesOf(data);
  if (bytes === undefined) return { ...problem('wrong_shape', 'the payload is no base64'), device };
  if (codecs === undefined) {
    return {
      ...problem('codec_failed', `device '${device}' sends bytes, and no codecs are at hand`),
      device,
    };
  }
  return decode(codecs, uplink, bytes);
}

async function decode(codecs: Codecs, uplink: LoraUplink, bytes: Uint8Array): Promise<Parsed> {
  const { device, names, groups, fPort, receivedAtMs } = uplink;
  const owner = { name: device, names: [...names, ...groups] };
  const answer = await codecs.decode(owner, { bytes, fPort, receivedAtMs });
  if ('problem' in answer) return { ...problem('codec_failed', answer.problem), device };
  const { codec, data, normalized } = answer;
  return message(uplink, { decoded: data, normalized, names: [...names, codec] });
}

function message(uplink: LoraUplink, payload: Parameters<typeof readFields>[0]): Parsed {
  const { device, counter, timeGiven, observedAtMs, link } = uplink;
  const fields = readFields(payload);
  if ('kind' in fields) return { ...fields, device };
  // The device's own word goes before the network's.
  const said = new Set(fields.readings.map(({ metric, channel }) => `${metric} ${channel}`));
  const more = link.filter(({ metric, channel }) => !said.has(`${metric} ${channel}`));
  const readings = [...fields.readings, ...more];
  return { ...fields, kind: 'readings', device, readings, timeGiven, observedAtMs, counter };
}

function holds(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

function bytesOf(data: unknown): Uint8Array | undefined {
  if (typeof data !== 'string' || data.length > MOST_BASE64) return undefined;
  return /^[A-Za-z0-9+/]*={0,2}$/.test(data) ? Buffer.from(data, 'base64') : undefined;
}

/** The device has answered a command: it is there, and tells nothing else. */
export function heard(device: string): Parsed {
  return { kind: 'readings', device, readings: [], missing: 0, timeGiven: false };
}

/** Signal of the gateway that heard the device best. An SNR of 0 is left out by network servers, as every zero is. */
export function linkOf(receptions: unknown): ParsedReading[] {
  const heard = (Array.isArray(receptions) ? receptions : []).filter(isObject).flatMap((reception) => {
    const { rssi, snr = 0 } = reception;
    return isNumber(rssi) && isNumber(snr) ? [{ rssi, snr }] : [];
  });
  const [best] = heard.sort((one, other) => other.rssi - one.rssi || other.snr - one.snr);
  if (best === undefined) return [];
  return [
    { metric: 'rssi', channel: '', value: best.rssi },
    { metric: 'snr', channel: '', value: best.snr },
  ];
}

/** A number that protobuf's JSON leaves out when it is zero. */
export function numberOrZero(value: unknown): number {
  return isNumber(value) ? value : 0;
}

/** JSON's 1e999 is Infinity. */
function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

export function textsOf(object: JsonObject | undefined, ...keys: readonly string[]): string[] {
  return keys.flatMap((key) => {
    const value = object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
    return typeof value === 'string' && value !== '' ? [value.slice(0, 200)] : [];
  });
}
