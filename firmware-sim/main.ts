import process from 'node:process';
import { demoSecrets } from '@nongtin/accounts';
import { runService, StartProblem } from '@nongtin/service';
import { type Config, HELP, readConfig } from './config.ts';
import { builtInScenario, scenarioFile, scenarioNames } from './scenarios/library.ts';
import { type Scenario, ScenarioProblem } from './scenarios/scenario.ts';
import { demoScenario } from './standalone/demo-scenario.ts';
import { describeScenario, listScenarios } from './standalone/describe.ts';
import { Fleet, type Login } from './standalone/fleet.ts';
import { systemScheduler } from './time/scheduler.ts';

const answer = answerOnly();
if (answer !== undefined) process.stdout.write(answer);
else
  await runService(
    'sim',
    (env, logger) => {
      const config = readConfig(env, process.argv.slice(2));
      const scenario = scenarioOf(config);
      const { brokerUrl, truthPath, exits, speed = scenario.speed, seed = scenario.seed } = config;
      const login = loginOf(config);
      return new Fleet(
        { scenario, brokerUrl, truthPath, exits, speed, seed, login },
        systemScheduler,
        logger,
      );
    },
    process,
  );

/** What was only asked for; undefined when the farm is to run, or when what was asked is wrong and is told there. */
function answerOnly(): string | undefined {
  try {
    const { ask } = readConfig(process.env, process.argv.slice(2));
    if (ask === undefined) return undefined;
    if (ask.what === 'help') return HELP;
    return ask.what === 'list' ? listScenarios() : describeScenario(namedScenario(ask.scenario));
  } catch (error) {
    if (!(error instanceof StartProblem)) throw error;
    process.stderr.write(`sim: ${error.message}\n`);
    process.exit(1);
  }
}

function scenarioOf({ scenario, speed = 1 }: Config): Scenario {
  return scenario === undefined ? demoScenario(systemScheduler.nowMs(), speed) : namedScenario(scenario);
}

function namedScenario(name: string): Scenario {
  try {
    return scenarioNames().includes(name) || !name.endsWith('.json')
      ? builtInScenario(name)
      : scenarioFile(name);
  } catch (error) {
    if (error instanceof ScenarioProblem) throw new StartProblem(`${name}: ${error.message}`);
    throw error;
  }
}

function loginOf({ logins, dataDir }: Config): (identity: string) => Login | null {
  switch (logins.kind) {
    case 'anonymous':
      return () => undefined;
    case 'one': {
      const { username, password } = logins;
      return () => ({ username, password });
    }
    default: {
      const passwords: Readonly<Record<string, string>> =
        logins.kind === 'each' ? logins.passwords : demoSecrets(dataDir).devices;
      return (username) => {
        const password = passwords[username];
        return password === undefined ? null : { username, password };
      };
    }
  }
}
