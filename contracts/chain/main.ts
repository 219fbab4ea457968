import process from 'node:process';
import { runService } from '@nongtin/service';
import { readConfig } from './config.ts';
import { ChainKeeper } from './keeper.ts';

await runService('chain', (env, logger) => new ChainKeeper(readConfig(env), logger), process);
