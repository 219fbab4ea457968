/**
 * The life of an anchor, as one table: state × what the chain was found to say → next state and what to do.
 *
 *   waiting ──► submitted ──► mined ──► final
 *      ▲            │  ▲        │         │
 *      └── refused ─┘  └─ reorg ┘         │      a block was thrown away, our transaction is in the pool again
 *                               └─────────┴──► forgotten      the chain knows neither root nor transaction:
 *                                                             its leaves wait again, for a new tree
 *
 * A row is written before anything is sent, and a signed transaction before it is sent: whatever state a crash leaves
 * behind, asking the chain and looking here tells how to go on, and sending again is sending the same bytes.
 */
export type AnchorState = 'waiting' | 'submitted' | 'mined' | 'final' | 'forgotten';

/**
 * standing: the contract knows the root. finalized: and its block cannot be undone any more.
 * pending: our transaction waits in the pool. unknown: neither root nor transaction is known, its nonce is free.
 * lost: the transaction can never count any more (reverted, nonce used otherwise, another deployment), or there is none.
 * refused: the node would not take the transaction we sent.
 */
export type AnchorEvent = 'standing' | 'finalized' | 'pending' | 'unknown' | 'lost' | 'refused';

/**
 * sign_and_send: sign anew, write it down, send. send_again: the transaction written down. record_block: which block
 * holds it. release_leaves: back into the queue.
 */
type AnchorAction = 'none' | 'sign_and_send' | 'send_again' | 'record_block' | 'release_leaves';

export interface AnchorStep {
  readonly state: AnchorState;
  readonly action: AnchorAction;
}

const to = (state: AnchorState, action: AnchorAction = 'none'): AnchorStep => ({ state, action });
const gone = to('forgotten', 'release_leaves');

const table: Readonly<Record<AnchorState, Readonly<Record<AnchorEvent, AnchorStep>>>> = {
  waiting: {
    standing: to('mined', 'record_block'),
    finalized: to('final', 'record_block'),
    pending: to('waiting'),
    unknown: to('submitted', 'sign_and_send'),
    lost: to('submitted', 'sign_and_send'),
    refused: to('waiting'),
  },
  submitted: {
    standing: to('mined', 'record_block'),
    finalized: to('final', 'record_block'),
    pending: to('submitted'),
    unknown: to('submitted', 'send_again'),
    lost: to('submitted', 'sign_and_send'),
    refused: to('waiting'),
  },
  mined: {
    standing: to('mined', 'record_block'),
    finalized: to('final', 'record_block'),
    pending: to('submitted'),
    unknown: gone,
    lost: gone,
    refused: to('mined'),
  },
  final: {
    standing: to('final'),
    finalized: to('final', 'record_block'),
    // A finalized block does not vanish: this is another chain, or one set back to an older state.
    pending: gone,
    unknown: gone,
    lost: gone,
    refused: to('final'),
  },
  forgotten: {
    standing: to('forgotten'),
    finalized: to('forgotten'),
    pending: to('forgotten'),
    unknown: to('forgotten'),
    lost: to('forgotten'),
    refused: to('forgotten'),
  },
};

export function nextStep(state: AnchorState, event: AnchorEvent): AnchorStep {
  return table[state][event];
}
