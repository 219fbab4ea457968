import type { Logger, Service } from '@nongtin/service';
import { seededRandom } from '../field/random.ts';
import { ConnectionLog } from '../links/connection-log.ts';
import type { Speaker } from '../links/link.ts';
import { MqttLink } from '../links/mqtt-link.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { identitiesOf, Simulation } from '../simulation/simulation.ts';
import type { Scheduler } from '../time/scheduler.ts';

/** Undefined: a connection without user name and password. */
type Login = { readonly username: string; readonly password: string } | undefined;

export interface FleetOptions {
  readonly scenario: Scenario;
  readonly brokerUrl: string;
  /** How each speaker logs in; null leaves it out. */
  login(identity: string): Login | null;
  readonly speed: number;
  readonly seed: number;
}

/** All devices of a farm, each with an MQTT connection of its own. Starting does not wait for the broker. */
export class Fleet implements Service {
  readonly #options: FleetOptions;
  readonly #scheduler: Scheduler;
  readonly #logger: Logger;
  #simulation: Simulation | undefined;
  #connections: ConnectionLog | undefined;

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
        gateway: (order) => this.#logger.warn(order, 'do this to the gateway now'),
      },
    });
    this.#simulation.start();
  }

  async stop(): Promise<void> {
    this.#connections?.stop();
    await this.#simulation?.stop();
    this.#simulation = undefined;
  }

  #link(speaker: Speaker, watcher: ConnectionLog): MqttLink {
    const { brokerUrl, seed, login } = this.#options;
    const random = seededRandom(seed, `link ${speaker.identity}`);
    return new MqttLink({ brokerUrl, speaker, login: login(speaker.identity) ?? undefined, random }, watcher);
  }
}
