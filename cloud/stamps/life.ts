/**
 * A stamp's life, told for ranges of a batch. Whatever has no range was issued and nothing else; so every stamp of a roll has one
 * state, and the states of a roll add up to its stamps. That a stamp was activated is kept beside (stamp_activations) and
 * shown in the place of issued, printed and applied.
 *
 *   issued ──► printed ──► applied        spoiled ──► printed: the same serial, printed again
 *      └──────────────────────┘           voided: taken out of use before it was sold; recalled: also after
 */
export const rangeStates = ['issued', 'printed', 'applied', 'spoiled', 'voided', 'recalled'] as const;
export type RangeState = (typeof rangeStates)[number];
export type StampState = RangeState | 'activated';

/** What a range may be told to become. */
export type NewState = Exclude<RangeState, 'issued'>;

/** From which states; nothing leaves voided but a recall, and nothing leaves recalled. */
const allowed: Readonly<Record<NewState, readonly RangeState[]>> = {
  printed: ['issued', 'spoiled'],
  // Small cooperatives do not tell what the printing house did.
  applied: ['issued', 'printed'],
  spoiled: ['printed', 'applied'],
  voided: ['issued', 'printed', 'applied', 'spoiled'],
  recalled: ['issued', 'printed', 'applied', 'spoiled', 'voided'],
};

/** Said again of what is so already, these change nothing: a recall must not fail for a part that was recalled before. */
const repeatable: readonly RangeState[] = ['voided', 'recalled'];

/** States in which a stamp is out of use; told to the chain. */
export const withdrawn: readonly StampState[] = ['voided', 'recalled'];

/** States in which no buyer should meet a stamp; a spoiled one may be printed again, so the chain is not told. */
export const outOfUse: readonly StampState[] = ['spoiled', ...withdrawn];

/** First and last index, both included. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface StateSpan extends Span {
  readonly state: RangeState;
}

export type Change<R extends StateSpan> =
  /** `rest`: what stays of the ranges that were touched; `changed`: spans that are in the new state only now. */
  | { readonly ok: true; readonly rest: readonly R[]; readonly changed: readonly StateSpan[] }
  /** Those that cannot become what was asked; nothing is changed. */
  | { readonly ok: false; readonly refused: readonly StateSpan[] };

/** The change of `span` to `state`, where `touched` are all ranges that overlap it: disjoint, in order. */
export function changeSpan<R extends StateSpan>(
  touched: readonly R[],
  span: Span,
  state: NewState,
): Change<R> {
  const pieces = piecesOf(touched, span);
  const stays = (piece: StateSpan) => piece.state === state && repeatable.includes(state);
  const refused = pieces.filter((piece) => !stays(piece) && !allowed[state].includes(piece.state));
  if (refused.length > 0) return { ok: false, refused };
  const rest = touched.flatMap((range) =>
    stays(range)
      ? [range]
      : [
          { ...range, to: Math.min(range.to, span.from - 1) },
          { ...range, from: Math.max(range.from, span.to + 1) },
        ].filter(({ from, to }) => from <= to),
  );
  return { ok: true, rest, changed: pieces.filter((piece) => !stays(piece)) };
}

/** What stands in a span, without a gap: ranges cut to it, and what was only issued in between. */
export function piecesOf(touched: readonly StateSpan[], span: Span): StateSpan[] {
  const pieces: StateSpan[] = [];
  let next = span.from;
  for (const range of touched) {
    const [from, to] = [Math.max(range.from, span.from), Math.min(range.to, span.to)];
    if (from > next) pieces.push({ from: next, to: from - 1, state: 'issued' });
    pieces.push({ from, to, state: range.state });
    next = to + 1;
  }
  if (next <= span.to) pieces.push({ from: next, to: span.to, state: 'issued' });
  return pieces;
}

/** Neighbouring spans joined. */
export function joined(spans: readonly Span[]): Span[] {
  const result: Span[] = [];
  for (const { from, to } of spans) {
    const last = result.at(-1);
    if (last !== undefined && last.to === from - 1) result[result.length - 1] = { from: last.from, to };
    else result.push({ from, to });
  }
  return result;
}
