import process from 'node:process';
import { StartProblem } from '@nongtin/service';
import { planCluster, setUpCluster } from './setup.ts';

/** npm run nats: keys and configurations of a cluster. */
try {
  process.stdout.write(`${await setUpCluster(planCluster(process.argv.slice(2)), Date.now())}\n`);
} catch (error) {
  if (!(error instanceof StartProblem)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
