/**
 * The states of ISA-18.2 (IEC 62682), figure 2, that say what an alarm's condition and the people have done; shelved, suppressed and
 * out of service are laid over them (point.ts), so that whatever conceals an alarm forgets nothing beneath.
 */
export type BaseState =
  | 'normal'
  | 'unacknowledged'
  | 'acknowledged'
  | 'returned'
  | 'latched'
  | 'latched_acknowledged';

/** `reveal`: what has concealed it is over. */
export type BaseEvent = 'on' | 'off' | 'acknowledge' | 'reset' | 'reveal';

/** How an alarm leaves the list. */
export interface Manner {
  /** A person has to reset it once its condition is over. */
  readonly latching: boolean;
  /** One that is over stays until a person has acknowledged it. */
  readonly mustAcknowledge: boolean;
}

type Next = BaseState | ((manner: Manner) => BaseState);

/** State → event → state. What is not in it changes nothing. */
const table: Readonly<Record<BaseState, Partial<Record<BaseEvent, Next>>>> = {
  normal: { on: 'unacknowledged' },
  unacknowledged: {
    off: ({ latching, mustAcknowledge }) => (latching ? 'latched' : mustAcknowledge ? 'returned' : 'normal'),
    acknowledge: 'acknowledged',
  },
  acknowledged: {
    off: ({ latching }) => (latching ? 'latched_acknowledged' : 'normal'),
    // It was acknowledged before it was concealed, or while it was: that it still stands is news.
    reveal: 'unacknowledged',
  },
  returned: { on: 'unacknowledged', acknowledge: 'normal' },
  latched: { on: 'unacknowledged', acknowledge: 'latched_acknowledged', reset: 'returned' },
  latched_acknowledged: { on: 'unacknowledged', reset: 'normal' },
};

export function nextState(state: BaseState, event: BaseEvent, manner: Manner): BaseState {
  const next = table[state][event] ?? state;
  return typeof next === 'function' ? next(manner) : next;
}

/** Whether the condition of an alarm in this state is fulfilled. */
export function isStanding(state: BaseState): boolean {
  return state === 'unacknowledged' || state === 'acknowledged';
}
