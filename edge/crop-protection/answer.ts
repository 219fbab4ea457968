import type { Reason } from '@nongtin/broker/wire';

interface Refused {
  readonly refused: Reason;
  /** Whose fault it is: the wish is wrong, it names what is not there, or something else stands in its way. */
  readonly kind: 'wrong' | 'unknown' | 'conflict';
}

/** What becomes of a wish: a record, or why not. */
export type Answer<T> = T | Refused;

/** Who asks. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly role: string;
}

export function refuse(kind: Refused['kind'], key: string, figures: Reason['figures'] = {}): Refused {
  return { refused: { key, figures }, kind };
}
