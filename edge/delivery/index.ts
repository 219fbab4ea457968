export type { Dating } from './batches.ts';
export { type DeadLetters, openDeadLetters } from './dead-letters.ts';
export {
  createSeriesDelivery,
  type DeliveredJournal,
  type SeriesDelivery,
  type SeriesDeliveryState,
} from './delivery.ts';
