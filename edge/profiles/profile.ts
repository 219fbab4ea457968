import { channelName, type MetricName, type QuarantineCause, type TopicMatch } from '@nongtin/broker/wire';
import type { Codecs } from '../codecs/index.ts';

/**
 * A profile reads the payloads of one family of devices. To add one: a file (or a folder) here, and its line in index.ts.
 */
export interface Profile {
  readonly name: string;
  /** Whether messages on this topic are this family's. Asked once a topic, and again after `context.changed()`. */
  claims(topic: SpokenTopic): boolean;
  /** Never throws and never rejects, whatever the payload holds. A promise only where another thread must be asked. */
  parse(input: ProfileInput): Parsed | Promise<Parsed>;
}

/** Who speaks, on which topic, and which row of the topic table that is. */
export interface SpokenTopic extends Omit<TopicMatch, 'identity'> {
  /** Identity of the credential; several devices may speak through one. */
  readonly speaker: string;
  readonly topic: string;
}

export interface ProfileInput extends SpokenTopic {
  readonly payload: Uint8Array;
  readonly receivedAtMs: number;
  /** The farm's offset from UTC, for devices that send local time. */
  readonly zoneOffsetMinutes: number;
}

/** What a profile is given once, when the gateway starts. */
export interface ProfileContext {
  /** What a family has learned of its devices (topics, units); survives a restart, a kill may lose the last second. */
  readonly memory: ProfileMemory;
  /** To be told which model and firmware a device has. */
  readonly facts: {
    /** `behind`: the device behind the speaker, as its family writes it. */
    note(speaker: string, behind: string | undefined, told: { model?: unknown; firmware?: unknown }): void;
  };
  /** Makers' scripts for devices that send bytes; absent where none are at hand. */
  readonly codecs?: Codecs | undefined;
  /** To be called when the answer of `claims` may have become another one. */
  changed(): void;
}

/** JSON values by key; keys are the family's own, and begin with the speaker so that nobody writes for another. */
export interface ProfileMemory {
  get(key: string): unknown;
  /** Undefined forgets. Bounded: the oldest go first. */
  set(key: string, value: unknown): void;
}

export type Parsed = ParsedMessage | ParsedStatus | ParsedNothing | ParseProblem;

export interface ParsedReading {
  readonly metric: MetricName;
  /** Empty when the device has one sensor of this metric. */
  readonly channel: string;
  /** In the metric's unit, finite. */
  readonly value: number;
  /** Of a raw value: the unit that the payload or the device states. */
  readonly unit?: string;
  /**
   * Why a value whose name or device says what it is was kept raw: true or false is no quantity; the message tells the same
   * twice, and only one of the two can be that series; the unit behind the number measures something else.
   */
  readonly rawReason?: 'boolean' | 'repeated' | 'unit';
  /** Its own time, where a message holds readings of several times. */
  readonly observedAtMs?: number;
  /**
   * It tells of the battery of this channel ('': the whole device), as a percentage, or as a raw word that is 1 when it is
   * nearly empty. Absent: a battery is that of the reading's own channel.
   */
  readonly powers?: string;
}

interface OfDevice {
  /** Name of the device behind the speaker, as its family writes it; absent: the speaker itself. */
  readonly device?: string | undefined;
}

export interface ParsedMessage extends OfDevice {
  readonly kind: 'readings';
  readonly readings: readonly ParsedReading[];
  /** The device's own time stands in the payload, readable or not. */
  readonly timeGiven: boolean;
  /** The device's own time; absent when there is none that can be read. */
  readonly observedAtMs?: number | undefined;
  /** A number that the device counts up with each message; absent when it has none. */
  readonly counter?: number | undefined;
  /** Fields that should hold a reading and hold none. */
  readonly missing: number;
  /**
   * Of these, how many do not say that there is no value (null, NaN, 'unavailable') but hold something else: text, a
   * number beyond any range. They are told in quarantine, also when the rest of the message is good.
   */
  readonly garbled?: number | undefined;
  /** Of the first of these what they are called and what they hold, where the profile says it. */
  readonly strange?: readonly StrangeField[] | undefined;
}

/** A field that should hold a number, and what it holds instead, as it is told to a person. */
export interface StrangeField {
  readonly name: string;
  readonly holds: string;
}

/** The device came or went; not a reading. */
export interface ParsedStatus extends OfDevice {
  readonly kind: 'status';
  readonly online: boolean;
}

/** Understood, and holds no reading: a discovery, an acknowledgement, a log line. */
interface ParsedNothing {
  readonly kind: 'nothing';
}

/** The payload cannot be read: it is quarantined with this cause (a stable code) and detail. */
export interface ParseProblem extends OfDevice {
  readonly kind: 'problem';
  readonly cause: Exclude<QuarantineCause, 'suppressed'>;
  readonly detail: string;
}

export function problem(cause: ParseProblem['cause'], detail: string): ParseProblem {
  return { kind: 'problem', cause, detail: detail.slice(0, 500) };
}

/** Channel of a raw field; a letter pair that was cut apart becomes U+FFFD, as it would on its way through UTF-8. */
export function channelOf(path: readonly string[]): string {
  return channelName(path.join('.')).toWellFormed();
}

/** Whether true and false are values of the metric. */
export function isState(metric: MetricName): boolean {
  return metric === 'valve_open' || metric === 'leak';
}
