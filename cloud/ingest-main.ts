import process from 'node:process';
import { runService } from '@nongtin/service';
import { readConfig } from './config.ts';
import { Ingest } from './ingest.ts';

await runService(
  'ingest',
  (env, logger) => new Ingest(readConfig(env), logger, { nowMs: Date.now }),
  process,
);
