import { createHash } from 'node:crypto';
import { Type } from 'typebox';
import { type Actuator, type CloseWish, type Command, checkedSeconds } from './actuator.ts';

/**
 * Payloads of LoRaWAN valves, written in farm.json as hex with the time in braces, as the valve's manual gives them:
 * `ff1da000{seconds:u24le}` (Milesight UC511, valve 1). Class A devices listen only after they have spoken, so nothing
 * reaches one in time to close it: the duration in the opening is the whole guarantee.
 */
const HEX = '[0-9a-fA-F]{2}';
const FIELD = '\\{(?:seconds|minutes):u(?:8|16le|16be|24le|24be|32le|32be)\\}';

/** A sleeping valve speaks every few minutes; what it has not fetched by then is stale. */
const USUAL_ANSWER_SECONDS = 1_200;

export const downlinkFields = {
  fPort: Type.Integer({ minimum: 1, maximum: 223 }),
  /** One time field: the valve closes by itself when it is over. */
  open: Type.String({ pattern: `^(${HEX})*${FIELD}(${HEX})*$`, maxLength: 128 }),
  close: Type.String({ pattern: `^(${HEX})+$`, maxLength: 128 }),
  /** Sets the valve's own limit, for openings by hand; where it has such a setting. */
  provision: Type.Optional(Type.String({ pattern: `^(${HEX})*${FIELD}(${HEX})*$`, maxLength: 128 })),
};

interface DownlinkAddress {
  readonly open: string;
  readonly close: string;
  readonly provision?: string;
  readonly answerSeconds?: number;
}

/** How a network server takes a payload (base64), and one that may wait behind others. */
interface Downlinks {
  send(data: string, wish: CloseWish, answerSeconds: number): Command[];
  queue(data: string, wish: CloseWish, answerSeconds: number): Command[];
}

/** `node`: which of the network's devices it is. */
export function downlinkActuator(
  address: DownlinkAddress,
  node: string,
  { send, queue }: Downlinks,
): Actuator {
  const { answerSeconds = USUAL_ANSWER_SECONDS, open, close, provision } = address;
  const { longestSeconds, stepSeconds } = limitsOf(open);
  return {
    longestSeconds,
    answerSeconds,
    // A renewal is heard when it next speaks, perhaps after its time is over, and then opens anew what has closed. So the first
    // opening holds the whole run, and the widest time of the template is the zone's limit.
    isRearmed: false,
    // A node with several valves closes each by bytes of its own.
    outlet: `${node}/${close.toLowerCase()}`,
    stateChannel: undefined,
    cutOffSeconds: (durationSeconds) => Math.ceil(durationSeconds / stepSeconds) * stepSeconds,
    open: (wish) => send(timedPayload(open, wish.durationSeconds), wish, answerSeconds),
    close: (wish) => send(fixedPayload(close), wish, answerSeconds),
    // Behind the closing of the start, not in its place.
    provision: (wish) =>
      provision === undefined ? [] : queue(timedPayload(provision, wish.limitSeconds), wish, answerSeconds),
  };
}

interface Field {
  readonly before: string;
  readonly after: string;
  readonly unitSeconds: 1 | 60;
  readonly bytes: number;
  readonly bigEndian: boolean;
}

function fieldOf(template: string): Field {
  const match = /^([0-9a-f]*)\{(seconds|minutes):u(\d+)(le|be)?\}([0-9a-f]*)$/i.exec(template);
  if (match === null) throw new RangeError(`'${template}' has no time in braces such as {seconds:u16le}`);
  const [, before = '', unit, bits, order, after = ''] = match;
  return {
    before,
    after,
    unitSeconds: unit === 'minutes' ? 60 : 1,
    bytes: Number(bits) / 8,
    bigEndian: order === 'be',
  };
}

/** Longest time that the template can hold, and the step in which it does. */
function limitsOf(template: string): {
  readonly longestSeconds: number;
  readonly stepSeconds: number;
} {
  const { bytes, unitSeconds } = fieldOf(template);
  return { longestSeconds: Math.min((2 ** (bytes * 8) - 1) * unitSeconds, 86_400), stepSeconds: unitSeconds };
}

/** The template's bytes for this time, rounded up to its unit; base64, as network servers take them. */
function timedPayload(template: string, seconds: number): string {
  const { before, after, unitSeconds, bytes, bigEndian } = fieldOf(template);
  const value = Math.ceil(checkedSeconds(seconds, limitsOf(template).longestSeconds) / unitSeconds);
  const time = Buffer.alloc(bytes);
  if (bigEndian) time.writeUIntBE(value, 0, bytes);
  else time.writeUIntLE(value, 0, bytes);
  return Buffer.concat([Buffer.from(before, 'hex'), time, Buffer.from(after, 'hex')]).toString('base64');
}

function fixedPayload(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}

/** A UUID that is always the same for the same command (RFC 9562, version 8): a repetition is known as such. */
export function uuidOf(commandId: string): string {
  const bytes = createHash('sha256').update(commandId).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
