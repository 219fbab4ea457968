import type { Reason } from '@nongtin/broker/wire';
import { reasonOf } from '../reason.ts';
import { isFilledSince, isHeardSince, isPressedSince } from '../sources/doubt.ts';
import { elapsed } from '../time.ts';
import { isNoise } from './band.ts';
import { lossOf } from './supply.ts';
import type { Turn } from './turn.ts';
import type { Loss, ZoneState } from './types.ts';

/**
 * Whose fault it is that a zone behind a source has no water. The zone is to blame only when its source has shown since then that
 * it gives water: by its pressure, by water that goes on running behind it, or, where it has no pressure gauge, by its tank and by a
 * pump that answers. Several zones that lose their water together accuse their source, which says so itself (sources/doubt.ts).
 */
type Verdict =
  /** There is water before its valve. */
  | 'proven'
  /** It is not to be found out, or not in time. */
  | 'presumed'
  /** Not known yet. */
  | null;

export function verdictOn(loss: Loss, { supply, config, now }: Turn): Verdict {
  if (supply === null) return 'presumed';
  const { state, neighbours } = supply;
  const { vouching, flowVouching } = config.source;
  const isRunning = state.flowSeen !== null && elapsed(loss.at, state.flowSeen, flowVouching);
  if (elapsed(loss.at, now, vouching)) return isRunning ? 'proven' : 'presumed';
  if (!isHeardSince(loss.at, state)) return null;
  if (isPressedSince(loss.at, state, supply.config)) return 'proven';
  if (supply.config.pressure !== null) return null;
  if (isRunning) return 'proven';
  if (neighbours.some(({ zone }) => isWatered(zone))) return null;
  return supply.config.tank === null || isFilledSince(loss.at, state, supply.config) ? 'presumed' : null;
}

/** Its own meter will say something of the source. */
function isWatered({ phase }: ZoneState): boolean {
  if (phase.name === 'opening') return phase.sentAt !== null;
  return phase.name === 'proving' || (phase.name === 'running' && phase.proof === 'metered');
}

/** A valve through which something runs does not lie, and one that nobody has sent water to cannot be told from it. */
export function lockOf(loss: Loss, verdict: NonNullable<Verdict>, turn: Turn): Reason {
  const isLie = verdict === 'proven' && isNoise(loss.flowLitresPerMinute, turn);
  return reasonOf(isLie ? 'valve_lies_open' : 'no_flow', figuresOf(loss, turn));
}

export function lossReason(loss: Loss, turn: Turn): Reason {
  return reasonOf('flow_lost', figuresOf(loss, turn));
}

function figuresOf({ flowLitresPerMinute }: Loss, { layout }: Turn) {
  return { flowLitresPerMinute, nominalLitresPerMinute: layout.nominalFlowLitresPerMinute };
}

/**
 * A loss stands in the journal as an alarm until it is known who has failed: a restart forgets what the source has to say for itself,
 * and keeps the zone locked.
 */
export function tellLoss(before: ZoneState, after: ZoneState, turn: Turn): void {
  const loss = lossOf(after);
  const wasLost = lossOf(before) !== null;
  if (loss !== null && !wasLost)
    turn.actions.push({
      ...{ kind: 'raise_alarm', zone: after.id, severity: 'high', reason: lossReason(loss, turn) },
    });
  if (loss === null && wasLost) turn.actions.push({ kind: 'clear_alarm', zone: after.id, key: 'flow_lost' });
}

/** The valve is closed, or does not answer: from now on it is kept closed until it is known who has failed. */
export function beginDoubt(zone: ZoneState, loss: Loss, turn: Turn): ZoneState {
  return { ...zone, decision: lossReason(loss, turn), phase: { name: 'in_doubt', loss, sentAt: turn.now } };
}
