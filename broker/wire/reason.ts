import { type Static, Type } from 'typebox';

/** A sentence by key and figures, so that it is shown in the reader's language and its numbers stay checkable. */
export const Reason = Type.Object({
  key: Type.String(),
  figures: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
});
export type Reason = Static<typeof Reason>;
