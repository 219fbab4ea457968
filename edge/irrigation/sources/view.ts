import type { Reason } from '@nongtin/broker/wire';
import { reasonOf } from '../controller/reason.ts';
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
  readonly reason: Reason;
}

export function sourceView(state: SourceState, { name }: Source): SourceView {
  const { id, stage, pressure, level } = state;
  const isOn = (part: PartState | null) => part?.isOn ?? null;
  return {
    ...{ id, name, state: stage, pumpOn: isOn(state.pump), masterValveOpen: isOn(state.masterValve) },
    pressure: pressure && { kilopascals: pressure.value, atMs: pressure.seen.atMs },
    tank: level && { percent: level.value, atMs: level.seen.atMs },
    reason: whyOf(state),
  };
}

function whyOf({ stage, lock, isDry, level, suspicion }: SourceState): Reason {
  if (lock !== null) return lock;
  if (isDry) return reasonOf('tank_low', { levelPercent: level?.value ?? null });
  if (suspicion !== null) return suspicion.reason;
  return reasonOf(`source_${stage}`);
}
