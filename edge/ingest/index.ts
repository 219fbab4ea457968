export { createIngest, type Ingest } from './ingest.ts';
export { SeriesMemory } from './series-memory.ts';
