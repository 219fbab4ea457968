export {
  createIngest,
  type Ingest,
  type IngestCounters,
  type IngestMessage,
  type IngestOptions,
} from './ingest.ts';
