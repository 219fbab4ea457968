/**
 * The life of a change of the registry, as one table: state × what the chain was found to say → next state and what to do.
 *
 *   waiting ──► submitted ──► mined ──► final
 *      ▲            ▲           │         │
 *      │            └── reorg ──┤         │ (a chain that was set back)
 *      └────────────────────────┴─────────┘
 *
 * What the registry says already, by whoever's transaction, is mined or final without one of ours. `refused` is for good: the
 * id is another key's.
 */
export type OrderState = 'waiting' | 'submitted' | 'mined' | 'final' | 'refused';

/** `finalized`: standing, in a block that cannot be undone any more. The others: KeyFinding. */
export type OrderEvent = 'standing' | 'finalized' | 'other_key' | 'no_key' | 'pending' | 'unknown' | 'lost';

type OrderAction = 'none' | 'sign_and_send' | 'send_again' | 'record_block';

export interface OrderStep {
  readonly state: OrderState;
  readonly action: OrderAction;
}

const to = (state: OrderState, action: OrderAction = 'none'): OrderStep => ({ state, action });

const found = {
  standing: to('mined', 'record_block'),
  finalized: to('final', 'record_block'),
  other_key: to('refused'),
  no_key: to('waiting'),
  pending: to('submitted'),
} as const;

const table: Readonly<Record<OrderState, Readonly<Record<OrderEvent, OrderStep>>>> = {
  waiting: {
    ...found,
    unknown: to('submitted', 'sign_and_send'),
    lost: to('submitted', 'sign_and_send'),
  },
  submitted: {
    ...found,
    unknown: to('submitted', 'send_again'),
    lost: to('submitted', 'sign_and_send'),
  },
  mined: { ...found, unknown: to('waiting'), lost: to('waiting') },
  final: {
    ...found,
    standing: to('final'),
    finalized: to('final'),
    unknown: to('waiting'),
    lost: to('waiting'),
  },
  refused: {
    standing: to('refused'),
    finalized: to('refused'),
    other_key: to('refused'),
    no_key: to('refused'),
    pending: to('refused'),
    unknown: to('refused'),
    lost: to('refused'),
  },
};

export function nextOrderStep(state: OrderState, event: OrderEvent): OrderStep {
  return table[state][event];
}
