import { performance } from 'node:perf_hooks';
import { runService } from '@nongtin/service';
import { readConfig } from './config.ts';
import { Gateway } from './gateway.ts';

const clock = { nowMs: Date.now, monotonicMs: () => Math.trunc(performance.now()) };

await runService('gateway', (env, logger) => new Gateway(readConfig(env), logger, clock), process);
