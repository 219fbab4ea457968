import { channelName, type MetricName, type TopicName } from '@nongtin/broker/wire';

/**
 * A profile reads the payloads of one family of devices. To add one: a file here, and its line in index.ts.
 */
export interface Profile {
  readonly name: string;
  /** Whether messages on this topic are this family's; `rest` is what follows the identity in the topic. */
  matches(topic: MatchedTopic): boolean;
  /** Never throws, whatever the payload holds. */
  parse(input: ProfileInput): Parsed;
}

export interface MatchedTopic {
  readonly name: TopicName;
  readonly rest: string;
}

export interface ProfileInput {
  readonly device: string;
  readonly rest: string;
  readonly payload: Uint8Array;
  readonly receivedAtMs: number;
  /** The farm's offset from UTC, for devices that send local time. */
  readonly zoneOffsetMinutes: number;
}

export type Parsed = ParsedMessage | ParsedStatus | ParseProblem;

export interface ParsedReading {
  readonly metric: MetricName;
  /** Empty when the device has one sensor of this metric. */
  readonly channel: string;
  /** In the metric's unit, finite. */
  readonly value: number;
}

export interface ParsedMessage {
  readonly kind: 'readings';
  readonly readings: readonly ParsedReading[];
  /** The device's own time stands in the payload, readable or not. */
  readonly timeGiven: boolean;
  /** The device's own time; absent when there is none that can be read. */
  readonly observedAtMs?: number | undefined;
  /** A number that the device counts up with each message; absent when it has none. */
  readonly counter?: number | undefined;
  /** Fields that should hold a reading and hold none (null, text, a number beyond any range). */
  readonly missing: number;
}

/** The device came or went; not a reading. */
interface ParsedStatus {
  readonly kind: 'status';
  readonly online: boolean;
}

/** The payload cannot be read: it is quarantined with this cause (a stable code) and detail. */
export interface ParseProblem {
  readonly kind: 'problem';
  readonly cause:
    | 'too_large'
    | 'not_utf8'
    | 'invalid_json'
    | 'not_an_object'
    | 'too_many_fields'
    | 'too_deep'
    | 'wrong_shape'
    | 'no_reading';
  readonly detail: string;
}

export function problem(cause: ParseProblem['cause'], detail: string): ParseProblem {
  return { kind: 'problem', cause, detail: detail.slice(0, 500) };
}

/** Channel of a raw field; a letter pair that was cut apart becomes U+FFFD, as it would on its way through UTF-8. */
export function channelOf(path: readonly string[]): string {
  return channelName(path.join('.')).toWellFormed();
}
