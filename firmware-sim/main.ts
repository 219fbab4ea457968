import process from 'node:process';
import { demoSecrets } from '@nongtin/accounts';
import { runService } from '@nongtin/service';
import { readConfig } from './config.ts';
import { demoScenario } from './standalone/demo-scenario.ts';
import { Fleet } from './standalone/fleet.ts';
import { systemScheduler } from './time/scheduler.ts';

await runService(
  'sim',
  (env, logger) => {
    const { dataDir, ...config } = readConfig(env, process.argv.slice(2));
    const passwords = demoSecrets(dataDir).devices;
    const login = (username: string) => {
      const password = passwords[username];
      return password === undefined ? null : { username, password };
    };
    const scenario = demoScenario(systemScheduler.nowMs(), config.speed);
    return new Fleet({ ...config, scenario, login }, systemScheduler, logger);
  },
  process,
);
