import { timeWithOffset } from '../profiles/time.ts';

/** A message as a log holds it. */
export interface Recorded {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** UTC milliseconds; undefined when the line has none. */
  readonly atMs: number | undefined;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  /** Identity of the credential it came by, when the line says so. */
  readonly speaker: string | undefined;
}

export type RecordedLine = Recorded | { readonly problem: string };

/**
 * One line of a recorded MQTT log: `{"topic", "payload", "time", "qos"?, "retain"?, "encoding"?, "identity"?}`, where the
 * payload is text, or base64 with `"encoding":"base64"`, or a JSON value; time is ISO 8601 with an offset, or a number of
 * milliseconds (or seconds) since 1970. What `mosquitto_sub -F %j` and `%J` print is such a line too.
 */
export function readRecorded(text: string): RecordedLine {
  const line = parse(text);
  if (line === undefined) return { problem: 'no JSON object' };
  const { topic, encoding } = line;
  if (typeof topic !== 'string' || topic === '') return { problem: 'it has no topic' };
  if (encoding !== undefined && encoding !== 'base64' && encoding !== 'utf8')
    return {
      problem: `its encoding is neither base64 nor utf8 but ${JSON.stringify(encoding).slice(0, 40)}`,
    };
  const payload = payloadOf(line.payload, encoding === 'base64');
  if (payload === undefined) return { problem: 'its payload is no base64' };
  const { payloadlen } = line;
  if (typeof payloadlen === 'number' && payloadlen !== payload.length && typeof line.payload === 'string')
    return { problem: `the recorder kept ${payload.length} of ${payloadlen} bytes of its payload` };
  const time = line.time ?? line.tst ?? line.timestamp;
  const atMs = timeOf(time);
  if (time !== undefined && atMs === undefined)
    return { problem: `its time ${JSON.stringify(time).slice(0, 60)} cannot be read` };
  const speaker = line.identity ?? line.speaker;
  if (speaker !== undefined && typeof speaker !== 'string') return { problem: 'its identity is no text' };
  const retain = line.retain === true || line.retain === 1;
  return { topic, payload, atMs, qos: line.qos === 0 ? 0 : line.qos === 2 ? 2 : 1, retain, speaker };
}

type Fields = Readonly<Partial<Record<string, unknown>>>;

function parse(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    // Without a prototype, so that no field is found that the line does not have.
    return Object.assign(Object.create(null) as Fields, value);
  } catch {
    return undefined;
  }
}

function payloadOf(value: unknown, isBase64: boolean): Uint8Array | undefined {
  if (value === undefined || value === null) return new Uint8Array();
  if (typeof value !== 'string') return Buffer.from(JSON.stringify(value));
  if (!isBase64) return Buffer.from(value);
  return /^[A-Za-z0-9+/]*={0,2}$/.test(value) ? Buffer.from(value, 'base64') : undefined;
}

/** Seconds until the year 5138, milliseconds from 1973 on. */
const FIRST_MILLISECONDS = 1e11;
/** What a JavaScript date can hold. */
const LAST_MILLISECONDS = 8.64e15;

function timeOf(value: unknown): number | undefined {
  if (typeof value === 'number') {
    const ms = Math.trunc(Math.abs(value) < FIRST_MILLISECONDS ? value * 1000 : value);
    return ms >= 0 && ms <= LAST_MILLISECONDS ? ms : undefined;
  }
  if (typeof value !== 'string') return undefined;
  // Mosquitto 2.0 writes both 'Z' and the offset.
  return timeWithOffset(value.replace(/Z(?=[+-]\d{4}$)/, ''));
}
