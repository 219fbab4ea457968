/**
 * The life of what is to stand on the chain, as one table: state × what the chain was found to say → next state and what to do.
 *
 *   waiting ──► submitted ──► mined ──► final
 *                 ▲   ▲         │         │
 *                 │   └─ reorg ─┘         │      a block was thrown away, or the chain was set back: the same transaction,
 *                 └───────────────────────┘      byte for byte, is sent again
 *
 *   each of them ──► forgotten      we anchor on another deployment now: the same tree waits there, in a row of its own;
 *                                   when we come back, this row waits again
 *
 * A row is written before anything is sent, and each signed transaction before it is sent: whatever state a crash leaves
 * behind, asking the chain and looking here tells how to go on, and sending again is sending the same bytes. A tree stays the
 * tree of its leaves for ever, on whatever deployment, so that no two roots with one leaf can both come to stand on one.
 */
export type AnchorState = 'waiting' | 'submitted' | 'mined' | 'final' | 'forgotten';

/**
 * standing: the contract knows it. finalized: and its block cannot be undone any more.
 * pending, dropped, gap, overtaken, lost: as Finding has them. stuck: pending for too long.
 * elsewhere: it is, or was to be, anchored on another deployment than the one in use.
 */
export type AnchorEvent =
  | 'standing'
  | 'finalized'
  | 'pending'
  | 'stuck'
  | 'dropped'
  | 'gap'
  | 'overtaken'
  | 'lost'
  | 'elsewhere';

/**
 * sign_and_send: sign for the account's next nonce, write it down, send. send_again: the newest transaction written down.
 * bump: sign for the same nonce with a higher fee, write it down, send. fill_gap: have the missing nonce used, then send_again.
 * record_block: which block holds it. carry_over: the same tree, with its leaves, waits on the deployment in use.
 */
export type AnchorAction =
  | 'none'
  | 'sign_and_send'
  | 'send_again'
  | 'bump'
  | 'fill_gap'
  | 'record_block'
  | 'carry_over';

interface AnchorStep {
  readonly state: AnchorState;
  readonly action: AnchorAction;
}

const to = (state: AnchorState, action: AnchorAction = 'none'): AnchorStep => ({ state, action });

const left = { elsewhere: to('forgotten', 'carry_over') } as const;

const stands = { standing: to('mined', 'record_block'), finalized: to('final', 'record_block') } as const;

/** Of what stood: it is not shown as standing any more; what can be undone is done at once. */
const gone = {
  pending: to('submitted'),
  stuck: to('submitted'),
  dropped: to('submitted', 'send_again'),
  gap: to('submitted', 'fill_gap'),
  overtaken: to('submitted'),
  lost: to('submitted'),
} as const;

const table: Readonly<Record<AnchorState, Readonly<Record<AnchorEvent, AnchorStep>>>> = {
  waiting: {
    ...stands,
    pending: to('submitted'),
    stuck: to('submitted', 'bump'),
    dropped: to('submitted', 'send_again'),
    gap: to('submitted', 'fill_gap'),
    overtaken: to('submitted'),
    lost: to('submitted', 'sign_and_send'),
    ...left,
  },
  submitted: {
    ...stands,
    pending: to('submitted'),
    stuck: to('submitted', 'bump'),
    dropped: to('submitted', 'send_again'),
    gap: to('submitted', 'fill_gap'),
    overtaken: to('submitted'),
    lost: to('submitted', 'sign_and_send'),
    ...left,
  },
  mined: { ...stands, ...gone, ...left },
  final: { ...stands, ...gone, ...left },
  forgotten: {
    standing: to('forgotten'),
    finalized: to('forgotten'),
    pending: to('forgotten'),
    stuck: to('forgotten'),
    dropped: to('forgotten'),
    gap: to('forgotten'),
    overtaken: to('forgotten'),
    lost: to('forgotten'),
    elsewhere: to('forgotten'),
  },
};

export function nextStep(state: AnchorState, event: AnchorEvent): AnchorStep {
  return table[state][event];
}

/** What a node answers to who sends: it wants a higher fee, or does not take it as it is (a full pool, an odd rule). */
export type SendEvent = 'sent' | 'underpriced' | 'refused';

const afterSending: Readonly<Record<SendEvent, AnchorStep>> = {
  sent: to('submitted'),
  underpriced: to('waiting', 'bump'),
  // Written down it is: the next look finds it dropped, and sends the same bytes.
  refused: to('waiting'),
};

/** Only what a node has taken is `submitted`; what it has not is asked about again at the next look. */
export function stepAfterSending(event: SendEvent): AnchorStep {
  return afterSending[event];
}
