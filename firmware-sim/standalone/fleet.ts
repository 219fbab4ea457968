import { closeSync, openSync, writeFileSync } from 'node:fs';
import { type Logger, type Service, StartProblem, systemCodeOf } from '@nongtin/service';
import { seededRandom } from '../field/random.ts';
import { ConnectionLog } from '../links/connection-log.ts';
import type { Speaker } from '../links/link.ts';
import { MqttLink } from '../links/mqtt-link.ts';
import { judgeField } from '../scenarios/judge.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { identitiesOf, Simulation } from '../simulation/simulation.ts';
import type { Scheduler } from '../time/scheduler.ts';
import { describeFault } from './describe.ts';

/** Undefined: a connection without user name and password. */
export type Login = { readonly username: string; readonly password: string } | undefined;

export interface FleetOptions {
  readonly scenario: Scenario;
  readonly brokerUrl: string;
  /** How each speaker logs in; null leaves it out. */
  login(identity: string): Login | null;
  readonly speed: number;
  readonly seed: number;
  /** Where to write what really happened in the field, at the end. */
  readonly truthPath?: string | undefined;
  /** It ends with the scenario; otherwise the farm goes on until it is stopped. */
  readonly exits?: boolean | undefined;
}

/** All devices of a farm, each with an MQTT connection of its own. Starting does not wait for the broker. */
export class Fleet implements Service {
  readonly #options: FleetOptions;
  readonly #scheduler: Scheduler;
  readonly #logger: Logger;
  #simulation: Simulation | undefined;
  #connections: ConnectionLog | undefined;
  #cancels: (() => void)[] = [];
  #isOver = false;
  readonly #ended = Promise.withResolvers<number>();

  constructor(options: FleetOptions, scheduler: Scheduler, logger: Logger) {
    this.#options = options;
    this.#scheduler = scheduler;
    this.#logger = logger;
  }

  /** With `exits`: at the scenario's end, 1 when something did not come as it expects, else 0. */
  get ended(): Promise<number> | undefined {
    return this.#options.exits ? this.#ended.promise : undefined;
  }

  /** Throws a StartProblem when the truth could not be written at the end. */
  async start(): Promise<void> {
    checkTruthPath(this.#options.truthPath);
    const { scenario, speed, seed, brokerUrl, login, exits } = this.#options;
    const identities = identitiesOf(scenario.farm.devices);
    const without = identities.filter((identity) => login(identity) === null);
    const known = identities.filter((identity) => !without.includes(identity));
    if (without.length > 0) this.#logger.warn({ devices: without }, 'no credentials: not simulated');
    this.#logger.info({ devices: known.length, speed, seed, brokerUrl }, 'simulated farm starts');
    const connections = new ConnectionLog(known, this.#scheduler, this.#logger);
    this.#connections = connections;
    this.#simulation = new Simulation({
      ...{ scenario, scheduler: this.#scheduler, speed, seed, without: new Set(without) },
      connect: (speaker) => this.#link(speaker, connections),
      hooks: {
        fault: ({ fault, target }, what) => this.#logger.warn({ fault, target }, `fault ${what}`),
        note: (device, text) => this.#logger.warn({ device }, text),
        gateway: (order) => this.#logger.warn(order, 'do this to the gateway now'),
      },
    });
    for (const order of scenario.faults) this.#logger.info(describeFault(order));
    this.#simulation.start();
    const { startMs, lengthSeconds, weather } = scenario;
    const at = (farmMs: number, run: () => void) =>
      this.#cancels.push(this.#scheduler.after((farmMs - startMs) / speed, run));
    at(startMs + lengthSeconds * 1000, () => this.#end());
    if ('toMs' in weather && !exits)
      at(weather.toMs, () =>
        this.#logger.warn(
          { file: weather.file },
          'the weather file is over: its last day comes again and again, without rain',
        ),
      );
  }

  async stop(): Promise<void> {
    for (const cancel of this.#cancels.splice(0)) cancel();
    this.#connections?.stop();
    if (!this.#isOver) this.#writeTruth({ complete: false, failures: null });
    await this.#simulation?.stop();
    this.#simulation = undefined;
  }

  #end(): void {
    if (this.#simulation === undefined) return;
    const { scenario, exits = false } = this.#options;
    this.#isOver = true;
    const failures =
      scenario.expect === undefined ? null : judgeField(this.#simulation.happened(), scenario.expect);
    const isKept = this.#writeTruth({ complete: true, failures });
    for (const failure of failures ?? []) this.#logger.error(`not as expected: ${failure}`);
    const { verdict, code } = verdictOf(failures);
    this.#logger.info(
      `the scenario is over, ${verdict}${exits ? '' : '; the farm goes on until it is stopped'}`,
    );
    this.#ended.resolve(isKept ? code : 1);
  }

  /** Once: at the scenario's end, or when it is stopped before. False when it is wanted and could not be written. */
  #writeTruth(result: { readonly complete: boolean; readonly failures: readonly string[] | null }): boolean {
    const { truthPath } = this.#options;
    if (truthPath === undefined || this.#simulation === undefined) return true;
    const { truth, days, events } = this.#simulation.happened();
    try {
      writeFileSync(truthPath, `${JSON.stringify({ ...result, ...truth, days, events }, null, 2)}\n`);
      this.#logger.info({ path: truthPath }, 'wrote what really happened in the field');
      return true;
    } catch (err) {
      this.#logger.error({ err, path: truthPath }, 'could not write what really happened in the field');
      return false;
    }
  }

  #link(speaker: Speaker, watcher: ConnectionLog): MqttLink {
    const { brokerUrl, seed, login } = this.#options;
    const random = seededRandom(seed, `link ${speaker.identity}`);
    return new MqttLink({ brokerUrl, speaker, login: login(speaker.identity) ?? undefined, random }, watcher);
  }
}

/** Found out at the start, so that no run of days is lost at its end. A file that is there keeps what it holds until then. */
function checkTruthPath(path: string | undefined): void {
  if (path === undefined) return;
  try {
    closeSync(openSync(path, 'a'));
  } catch (cause) {
    throw new StartProblem(
      `--truth ${path} cannot be written (${systemCodeOf(cause) || String(cause)}): name a file in a folder that is there and may be written to.`,
      { cause },
    );
  }
}

/** In words, and as an exit code. */
function verdictOf(failures: readonly string[] | null): { readonly verdict: string; readonly code: number } {
  if (failures === null) return { verdict: 'and nothing was expected of it', code: 0 };
  if (failures.length === 0) return { verdict: 'and everything came as expected', code: 0 };
  return { verdict: `and ${failures.length} of its expectations failed`, code: 1 };
}
