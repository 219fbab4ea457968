import { channelName } from '@nongtin/broker/wire';
import { Learned } from './learned.ts';
import type { ProfileMemory } from './profile.ts';

/** What a device is, as far as it or its bridge has told. */
export interface About {
  readonly model?: string;
  readonly firmware?: string;
}

const MOST_DEVICES = 1_000;
const LONGEST = 64;

/** Model and firmware of every device, as its family announces them; survives a restart. */
export class DeviceFacts {
  readonly #learned: Learned<About>;

  constructor(memory: ProfileMemory) {
    this.#learned = new Learned(memory, 'about', MOST_DEVICES);
  }

  /** `behind`: the device behind the speaker, as its family writes it. Only texts count; what is not told stays. */
  note(speaker: string, behind: string | undefined, told: { model?: unknown; firmware?: unknown }): void {
    const [model, firmware] = [textOf(told.model), textOf(told.firmware)];
    if (model === undefined && firmware === undefined) return;
    const id = behind === undefined ? '' : channelName(behind);
    const before = this.#learned.get(speaker, id);
    const isNew =
      (model !== undefined && model !== before?.model) ||
      (firmware !== undefined && firmware !== before?.firmware);
    if (!isNew) return;
    const about = {
      ...(model === undefined ? {} : { model }),
      ...(firmware === undefined ? {} : { firmware }),
    };
    this.#learned.set(speaker, id, { ...before, ...about });
  }

  /** `device`: the speaker, or `SPEAKER.NAME`; an identity holds no dot. */
  of(device: string): About {
    const dot = device.indexOf('.');
    const [speaker, id] = dot < 0 ? [device, ''] : [device.slice(0, dot), device.slice(dot + 1)];
    return this.#learned.get(speaker, id) ?? {};
  }
}

/** A device as the gateway shows it: who speaks, or `SPEAKER.NAME` for one behind it. */
export function deviceName(speaker: string, behind: string | undefined): string {
  return behind === undefined ? speaker : `${speaker}.${channelName(behind)}`;
}

function textOf(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text.trim() !== ''
    ? text.trim().slice(0, LONGEST).toWellFormed()
    : undefined;
}
