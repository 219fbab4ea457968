export {
  createSeriesDelivery,
  type SeriesDelivery,
  type SeriesDeliveryOptions,
  type SeriesDeliveryState,
} from './delivery.ts';
