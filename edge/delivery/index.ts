export {
  createSeriesDelivery,
  type SeriesDelivery,
  type SeriesDeliveryState,
} from './delivery.ts';
