import process from 'node:process';
import { demoSecrets } from '@nongtin/accounts';
import { runService } from '@nongtin/service';
import { readConfig } from './config.ts';
import { Fleet } from './devices/fleet.ts';
import { systemScheduler } from './devices/time.ts';

await runService(
  'sim',
  (env, logger) => {
    const { dataDir, ...config } = readConfig(env, process.argv.slice(2));
    const passwords = demoSecrets(dataDir).devices;
    return new Fleet({ ...config, passwords }, systemScheduler, logger);
  },
  process,
);
