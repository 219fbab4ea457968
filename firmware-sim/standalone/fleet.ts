import { writeFileSync } from 'node:fs';
import type { Logger, Service } from '@nongtin/service';
import { seededRandom } from '../field/random.ts';
import { ConnectionLog } from '../links/connection-log.ts';
import type { Speaker } from '../links/link.ts';
import { MqttLink } from '../links/mqtt-link.ts';
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
}

/** All devices of a farm, each with an MQTT connection of its own. Starting does not wait for the broker. */
export class Fleet implements Service {
  readonly #options: FleetOptions;
  readonly #scheduler: Scheduler;
  readonly #logger: Logger;
  #simulation: Simulation | undefined;
  #connections: ConnectionLog | undefined;
  #cancelEnd: () => void = () => undefined;

  constructor(options: FleetOptions, scheduler: Scheduler, logger: Logger) {
    this.#options = options;
    this.#scheduler = scheduler;
    this.#logger = logger;
  }

  async start(): Promise<void> {
    const { scenario, speed, seed, brokerUrl, login } = this.#options;
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
    this.#cancelEnd = this.#scheduler.after((scenario.lengthSeconds * 1000) / speed, () => {
      this.#writeTruth();
      this.#logger.info('the scenario is over; the farm goes on until it is stopped');
    });
  }

  async stop(): Promise<void> {
    this.#cancelEnd();
    this.#connections?.stop();
    this.#writeTruth();
    await this.#simulation?.stop();
    this.#simulation = undefined;
  }

  #writeTruth(): void {
    const { truthPath } = this.#options;
    if (truthPath === undefined || this.#simulation === undefined) return;
    const simulation = this.#simulation;
    const told = { ...simulation.truth(), days: simulation.truthDays(), events: simulation.truthEvents() };
    writeFileSync(truthPath, `${JSON.stringify(told, null, 2)}\n`);
    this.#logger.info({ path: truthPath }, 'wrote what really happened in the field');
  }

  #link(speaker: Speaker, watcher: ConnectionLog): MqttLink {
    const { brokerUrl, seed, login } = this.#options;
    const random = seededRandom(seed, `link ${speaker.identity}`);
    return new MqttLink({ brokerUrl, speaker, login: login(speaker.identity) ?? undefined, random }, watcher);
  }
}
