import { type AnchorAction, type AnchorEvent, nextStep } from '../anchoring/index.ts';

/**
 * The life of an order to the registry: that of an anchor (`anchoring/state.ts`), with two things more that the chain may say.
 * What it says already, by whoever's transaction, is mined or final without one of ours. `refused` is for good: the id is another
 * key's.
 */
export type OrderState = 'waiting' | 'submitted' | 'mined' | 'final' | 'refused';

export type OrderEvent = Exclude<AnchorEvent, 'elsewhere'> | 'other_key' | 'no_key';

interface OrderStep {
  readonly state: OrderState;
  readonly action: AnchorAction;
}

export function nextOrderStep(state: OrderState, event: OrderEvent): OrderStep {
  if (state === 'refused' || event === 'other_key') return { state: 'refused', action: 'none' };
  if (event === 'no_key') return { state: 'waiting', action: 'none' };
  const step = nextStep(state, event);
  // Only what is elsewhere is ever forgotten; an order is given again there.
  return { ...step, state: step.state === 'forgotten' ? 'waiting' : step.state };
}
