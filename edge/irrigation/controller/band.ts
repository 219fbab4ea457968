import { reasonOf } from '../reason.ts';
import type { ControlledZone, ControllerConfig } from './config.ts';
import type { ValveReport, ZoneState } from './types.ts';

interface Standing {
  readonly layout: ControlledZone;
  readonly config: ControllerConfig;
}

/** Flow of a closed valve that is the meter's noise. */
export function isNoise(flow: number, { layout, config }: Standing): boolean {
  return flow <= layout.nominalFlowLitresPerMinute * config.leakFlowFraction;
}

/** An open valve's report proves that it is open: by its own word, or by the water that runs through it. */
export function showsOpen(
  { isStateOld, flowLitresPerMinute: flow }: ValveReport,
  standing: Standing,
): boolean {
  return isStateOld !== true || (flow !== null && !isNoise(flow, standing));
}

/**
 * The valve has been told something and has not answered, and this message is its meter's alone: the state in it is older, and says
 * neither that it is closed nor that what flows is a leak.
 */
export function isOutdated({ phase }: ZoneState, { isStateOld }: ValveReport): boolean {
  if (isStateOld !== true) return false;
  if (phase.name === 'opening') return phase.sentAt !== null;
  if (phase.name === 'testing') return phase.test?.stage === 'opening' || phase.test?.stage === 'closing';
  return phase.name === 'closing' || phase.name === 'unknown';
}

/** Why water runs through a closed valve: as much as through an open one means that it is one. */
export function leakOf(flow: number, standing: Standing) {
  const key = flow >= bandOf(flow, standing).low ? 'valve_lies_closed' : 'leak';
  return reasonOf(key, { flowLitresPerMinute: flow });
}

export type FlowFault = 'no_flow' | 'flow_too_high';

export function bandOf(flow: number, { layout, config }: Standing) {
  const nominal = layout.nominalFlowLitresPerMinute;
  const low = layout.minFlowLitresPerMinute ?? nominal * config.lowFlowFraction;
  const high = layout.maxFlowLitresPerMinute ?? nominal * config.highFlowFraction;
  const key: FlowFault = flow < low ? 'no_flow' : 'flow_too_high';
  return { low, high, key };
}
