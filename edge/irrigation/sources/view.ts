import type { Reason } from '@nongtin/broker/wire';
import { reasonOf } from '../reason.ts';
import { differenceBetween } from './flush.ts';
import type { Source } from './schema.ts';
import type { PartState, SourceState } from './state.ts';

/** A source as people see it. */
export interface SourceView {
  readonly id: string;
  readonly name: string;
  readonly state: SourceState['stage'];
  /** Null: there is none, or it has said nothing since the start. */
  readonly pumpOn: boolean | null;
  readonly masterValveOpen: boolean | null;
  readonly pressure: { readonly kilopascals: number; readonly atMs: number } | null;
  readonly tank: { readonly percent: number; readonly atMs: number } | null;
  readonly filter: {
    readonly isFlushing: boolean;
    /** That have passed since it was flushed; null: nobody counts them. */
    readonly litres: number | null;
    /** What it took of the pressure when both sides were told last; null: nobody measures it on both at about the same time. */
    readonly difference: { readonly kilopascals: number; readonly atMs: number } | null;
  } | null;
  readonly reason: Reason;
}

export function sourceView(state: SourceState, { name, filter }: Source): SourceView {
  const { id, stage, pressure, level } = state;
  const isOn = (part: PartState | null) => part?.isOn ?? null;
  return {
    ...{ id, name, state: stage, pumpOn: isOn(state.pump), masterValveOpen: isOn(state.masterValve) },
    pressure: pressure && { kilopascals: pressure.value, atMs: pressure.seen.atMs },
    tank: level && { percent: level.value, atMs: level.seen.atMs },
    filter: filter ? filterView(state, filter) : null,
    reason: whyOf(state),
  };
}

function filterView(
  { filter, flushValve }: SourceState,
  { everyLitres }: NonNullable<Source['filter']>,
): SourceView['filter'] {
  const { before = null, after = null, litres = 0 } = filter ?? {};
  const difference = differenceBetween(before, after);
  return {
    isFlushing: flushValve?.isOn === true,
    litres: everyLitres === undefined ? null : Math.round(litres),
    difference: difference && { ...difference, kilopascals: Math.round(difference.kilopascals * 10) / 10 },
  };
}

function whyOf({ id, stage, lock, isDry, level, suspicion, filter, flushValve }: SourceState): Reason {
  if (lock !== null) return lock;
  if (isDry) return reasonOf('tank_low', { levelPercent: level?.value ?? null });
  if (suspicion !== null) return suspicion.reason;
  if (flushValve?.isOn === true) return reasonOf('filter_flushing', { source: id });
  if (filter?.blocked) return filter.blocked;
  return reasonOf(`source_${stage}`);
}
