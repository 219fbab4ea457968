export {
  createSeriesDelivery,
  type DeliveredJournal,
  type SeriesDelivery,
  type SeriesDeliveryState,
} from './delivery.ts';
