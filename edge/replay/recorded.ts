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
 * milliseconds (or seconds) since 1970. What `mosquitto_sub -F %j` and `%J` print is such a line too; and a line of text
 * with time, topic and payload, as `-F '%I %t %p'` and `-F '%U %t %p'` print it.
 */
export function readRecorded(text: string): RecordedLine {
  const line = parse(text) ?? plainLine(text);
  if (line === undefined) return { problem: 'no JSON object' };
  if (line === 'timeless') return { problem: TIMELESS };
  const { topic, encoding } = line;
  if (typeof topic !== 'string' || topic === '') return { problem: 'it has no topic' };
  if (encoding !== undefined && encoding !== 'base64' && encoding !== 'utf8')
    return {
      problem: `its encoding is neither base64 nor utf8 but ${JSON.stringify(encoding).slice(0, 40)}`,
    };
  const { payloadlen } = line;
  const said = asRecorded(line.payload, payloadlen);
  const payload = payloadOf(said, encoding === 'base64');
  if (payload === undefined) return { problem: 'its payload is no base64' };
  const isWhole = typeof payloadlen !== 'number' || payloadlen === payload.length;
  // A number or an object may have been written otherwise than it came: 6.50 is 6.5.
  if (!isWhole && (typeof said === 'string' || said === undefined))
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

const TIMELESS =
  "a topic and a payload without a time: record with mosquitto_sub -F %j, or with -F '%I %t %p'";
const TIMED = /^(\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:?\d{2})|\d{10}(?:\.\d+)?) (.+)$/s;

/** A topic may hold spaces, as Zigbee2MQTT's do: it ends where a JSON object begins, or at the first space. */
function plainLine(text: string): Fields | 'timeless' | undefined {
  const [, time, rest = ''] = TIMED.exec(text) ?? [];
  const said = time === undefined ? text : rest;
  const end = said.includes(' {') ? said.indexOf(' {') : said.indexOf(' ');
  const topic = end < 0 ? said : said.slice(0, end);
  if (time === undefined) return /^[^\s{"[]+\/[^\s{"[]/.test(topic) ? 'timeless' : undefined;
  const at = /^\d+(\.\d+)?$/.test(time) ? Number(time) : time;
  return { topic, payload: end < 0 ? '' : said.slice(end + 1).replace(/\r$/, ''), time: at };
}

/** `%J` has the payload as a JSON value, so that of a text the quotes were part of it: the length tells. */
function asRecorded(payload: unknown, length: unknown): unknown {
  if (typeof payload !== 'string' || typeof length !== 'number') return payload;
  const quoted = JSON.stringify(payload);
  const isQuoted = Buffer.byteLength(payload) !== length && Buffer.byteLength(quoted) === length;
  return isQuoted ? quoted : payload;
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
