import process from 'node:process';
import { runService } from '@nongtin/service';
import { Cloud } from './cloud.ts';
import { readConfig } from './config.ts';

await runService('cloud', (env, logger) => new Cloud(readConfig(env), logger, { nowMs: Date.now }), process);
