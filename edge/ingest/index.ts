export { createIngest, type Ingest, type IngestMessage } from './ingest.ts';
