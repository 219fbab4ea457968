import { type JournalRecord, quality } from '@nongtin/broker/wire';
import type { Truth, TruthEvent } from '../../firmware-sim/index.ts';

/** Where traces are looked for. */
export interface Evidence {
  readonly truth: Truth;
  readonly events: readonly TruthEvent[];
  readonly records: readonly JournalRecord[];
  /** Everything that was said on the air, as the gateway could hear it. */
  readonly heard: readonly Heard[];
  /** Quality bits of every reading that the gateway flagged. */
  readonly flags: readonly number[];
  /** When the gateway had no power. */
  readonly off: readonly { readonly fromMs: number; readonly toMs: number }[];
}

export interface Heard {
  readonly atMs: number;
  /** Who said it; empty: the gateway. */
  readonly by: string;
  readonly topic: string;
  readonly payload: string;
}

/**
 * What a fault must leave behind, so that a scenario in which it never bit does not pass: on the air, in the field or in what the
 * gateway kept. Without the fault there is less of it.
 */
export interface Trace {
  /** What is counted. */
  readonly what: string;
  readonly atLeast: number;
  readonly count: (evidence: Evidence) => number;
}

/** Traces that are missing, as sentences. */
export function missing(evidence: Evidence, traces: readonly Trace[] = []): string[] {
  return traces.flatMap(({ what, atLeast, count }) => {
    const found = count(evidence);
    return found >= atLeast ? [] : [`no trace of the fault: ${found} ${what}, not ${atLeast} or more`];
  });
}

/** Messages that came so many seconds after they were made. */
export function cameLate(seconds: number, atLeast: number): Trace {
  return {
    what: `messages that came ${seconds} s late`,
    atLeast,
    count: ({ heard }) => dated(heard).filter(({ atMs, madeMs }) => atMs - madeMs >= seconds * 1_000).length,
  };
}

/** Messages that came once more, to the letter. */
export function cameAgain(atLeast: number): Trace {
  return {
    what: 'messages that came again',
    atLeast,
    count: ({ heard }) => {
      const messages = dated(heard).map(({ topic, payload }) => `${topic} ${payload}`);
      return messages.length - new Set(messages).size;
    },
  };
}

/** Messages before which a newer one of the same device came. */
export function wereOvertaken(atLeast: number): Trace {
  return {
    what: 'messages that were overtaken',
    atLeast,
    count: ({ heard }) => {
      const newestMs = new Map<string, number>();
      return dated(heard).filter(({ by, madeMs }) => {
        const newest = newestMs.get(by) ?? madeMs;
        newestMs.set(by, Math.max(newest, madeMs));
        return madeMs < newest;
      }).length;
    },
  };
}

/** Readings that their devices have numbered and nobody has heard; for devices that boot once. */
export function neverCame(atLeast: number): Trace {
  return {
    what: 'readings that never came',
    atLeast,
    count: ({ heard }) => {
      const numbers = Map.groupBy(
        dated(heard).filter(({ seq }) => seq !== undefined),
        ({ by }) => by,
      );
      return [...numbers.values()].reduce((sum, own) => {
        const known = new Set(own.map(({ seq = 0 }) => seq));
        return sum + Math.max(...known) + 1 - known.size;
      }, 0);
    },
  };
}

/** Readings on which the gateway set this flag. */
export function flagged(flag: keyof typeof quality, atLeast: number): Trace {
  return {
    what: `readings flagged ${flag}`,
    atLeast,
    count: ({ flags }) => flags.filter((bits) => (bits & quality[flag]) !== 0).length,
  };
}

/** Values of soil moisture that lie so far (m³/m³) from the one before; for farms with one probe. */
export function jumped(by: number, atLeast: number): Trace {
  return {
    what: `steps of ${by} in a probe's values`,
    atLeast,
    count: ({ heard }) => {
      const values = dated(heard).flatMap(({ soil_moisture: value }) => (value === undefined ? [] : [value]));
      return values.filter((value, index) => Math.abs(value - (values[index - 1] ?? value)) >= by).length;
    },
  };
}

/** Rain that fell and that the gateway does not know of, mm. */
export function rainUntold(atLeastMm: number): Trace {
  return {
    what: 'mm of rain that nobody told',
    atLeast: atLeastMm,
    count: ({ truth, records }) => {
      // Every zone's balance tells the day's rain.
      const told = new Map<string, number>();
      for (const record of records)
        if (record.kind === 'water_balance') told.set(record.date, record.rainMm ?? 0);
      return [...told.values()].reduce((mm, ofDay) => mm - ofDay, truth.rainMm);
    },
  };
}

/** Seconds for which a valve was really open at a time. */
export function wasOpen(zone: string, atLeastSeconds: number): Trace {
  return {
    what: `s of one opening of ${zone}`,
    atLeast: atLeastSeconds,
    count: ({ truth }) => truth.zones[zone]?.longestOpenSeconds ?? 0,
  };
}

/** Closings of a valve while the gateway had no power. */
export function closedAlone(zone: string): Trace {
  return {
    what: `closings of ${zone} without the gateway`,
    atLeast: 1,
    count: ({ events, off }) =>
      events
        .filter(({ what, id, isOn }) => what === 'valve' && id === zone && !isOn)
        .filter(({ atMs }) => off.some(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs)).length,
  };
}

/** Runs in which the gateway began anew. */
export function interrupted(zone: string): Trace {
  return {
    what: `interrupted runs of ${zone}`,
    atLeast: 1,
    count: ({ records }) =>
      records.filter(
        (record) => record.kind === 'run' && record.zone === zone && record.outcome === 'interrupted',
      ).length,
  };
}

/** Runs that the gateway took to begin so many seconds after the valve had opened. */
export function learntLate(zone: string, seconds: number): Trace {
  return {
    what: `openings of ${zone} that were learnt ${seconds} s late`,
    atLeast: 1,
    count: ({ records, events }) =>
      records.filter((record) => {
        if (record.kind !== 'run' || record.zone !== zone) return false;
        const opened = events.findLast(
          ({ what, id, isOn, atMs }) => what === 'valve' && id === zone && isOn && atMs <= record.startedAtMs,
        );
        return opened !== undefined && record.startedAtMs - opened.atMs >= seconds * 1_000;
      }).length,
  };
}

/** Those in which their devices say when they made them. */
function dated(heard: readonly Heard[]) {
  return heard.flatMap((message) => {
    if (!message.payload.startsWith('{"time"')) return [];
    const told = JSON.parse(message.payload) as { time: string; seq?: number; soil_moisture?: number };
    return [{ ...message, ...told, madeMs: Date.parse(told.time) }];
  });
}
