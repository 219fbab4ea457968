export type { Dating } from './batches.ts';
export {
  type DeadLetter,
  type DeadLetters,
  openDeadLetters,
  type RetryResult,
} from './dead-letters.ts';
export {
  createSeriesDelivery,
  type DeliveredJournal,
  type SeriesDelivery,
  type SeriesDeliveryState,
} from './delivery.ts';
