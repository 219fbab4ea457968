import { GatewayOutcome, type GatewayReady, type RemoteCommand } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { Kysely } from 'kysely';
import { Compile } from 'typebox/compile';
import { cooperativesIn } from '../cooperatives/cooperatives.ts';
import type { Schema } from '../records/index.ts';
import { commandStore, type KeptCommand } from './command-store.ts';
import { asksTheSame } from './orders.ts';
import { ownReadiness, type Readiness, sharedReadiness } from './readiness.ts';
import { takeStep } from './steps.ts';

export interface CommandsOptions {
  readonly db: Kysely<Schema>;
  readonly clock: { nowMs(): number };
  /** Whether other processes hear gateways too: then all of them know which are there. */
  readonly shared?: boolean;
  readonly logger: Logger;
}

type Send = (gateway: string, command: RemoteCommand) => Promise<void>;

export type Issued =
  | { readonly kind: 'issued' | 'exists'; readonly kept: KeptCommand }
  | { readonly kind: 'refused'; readonly cause: IssueRefusal };
export type IssueRefusal = 'no_such_gateway' | 'gateway_revoked' | 'id_taken' | 'too_many_open';

/** Nobody gives more by hand; a script that does is told to wait. */
const MOST_OPEN = 100;
/** How long after its expiry an answer may still be on its way. */
const ANSWER_MS = 2 * 60_000;
const OVERDUE_EVERY_MS = 5_000;
const MOST_BYTES = 16 * 1024;
const validator = Compile(GatewayOutcome);
const STOPS: readonly string[] = ['stop_zone', 'stop_all'];

/**
 * Commands to farms: kept until their gateway is there, sent, and followed until it says what became of them. Sending one
 * twice does no harm, for the gateway does each id once (decision 0022); so everything unanswered is sent again whenever a
 * gateway says that it is ready, and a restart of ours loses nothing.
 */
export class Commands {
  readonly #options: CommandsOptions;
  readonly #store: ReturnType<typeof commandStore>;
  readonly #ready: Readiness;
  #send: Send | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: CommandsOptions) {
    this.#options = options;
    this.#store = commandStore(options.db);
    this.#ready = options.shared === true ? sharedReadiness(options.db) : ownReadiness();
  }

  start(send: Send): void {
    this.#send = send;
    this.#timer = setInterval(() => {
      this.closeOverdue().catch((error: unknown) =>
        this.#options.logger.error({ err: error }, 'overdue commands stay open'),
      );
    }, OVERDUE_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#send = undefined;
  }

  /** Keeps a command and sends it if its gateway is there. The same id again gives the same command. */
  async issue(gatewayId: string, command: RemoteCommand, issuedByEmail: string): Promise<Issued> {
    const refused = (cause: IssueRefusal): Issued => ({ kind: 'refused', cause });
    const gateway = await cooperativesIn(this.#options.db).gateway(gatewayId);
    if (gateway === undefined) return refused('no_such_gateway');
    if (gateway.revoked) return refused('gateway_revoked');
    const known = await this.#store.get(command.id);
    if (known === undefined) {
      if ((await this.#store.countOpen(gatewayId)) >= MOST_OPEN) return refused('too_many_open');
      if (await this.#store.insert(gatewayId, command, issuedByEmail)) {
        await this.#sendIfReady(gatewayId, command);
        return { kind: 'issued', kept: await this.#kept(command.id) };
      }
    }
    const kept = await this.#kept(command.id);
    const isSame = kept.gatewayId === gatewayId && asksTheSame(kept.command, command);
    return isSame ? { kind: 'exists', kept } : refused('id_taken');
  }

  get(id: string): Promise<KeptCommand | undefined> {
    return this.#store.get(id);
  }

  newest(gateway: string, limit: number): Promise<KeptCommand[]> {
    return this.#store.newest(gateway, limit);
  }

  /** False: it has been sent, or is over. Undefined: there is no such command. */
  async withdraw(id: string): Promise<boolean | undefined> {
    if (await this.#store.withdraw(id)) return true;
    return (await this.#store.get(id)) === undefined ? undefined : false;
  }

  closeOverdue(): Promise<void> {
    return this.#store.closeOverdue(this.#options.clock.nowMs(), ANSWER_MS);
  }

  /** A gateway's message on the topic of outcomes. Never rejects: what cannot be kept now comes again with the journal. */
  async onMessage(gateway: string, payload: Uint8Array): Promise<void> {
    const { logger } = this.#options;
    try {
      const message = read(payload);
      if (message === undefined)
        logger.warn({ gateway }, 'a gateway answers commands in a way we cannot read');
      else if ('ready' in message) await this.#onReady(gateway, message);
      else await this.#onOutcome(gateway, message);
    } catch (error) {
      logger.error({ err: error, gateway }, 'what a gateway says of commands could not be taken');
    }
  }

  async #onReady(gatewayId: string, ready: GatewayReady): Promise<void> {
    if (!ready.ready) return this.#ready.clear(gatewayId, ready.connection);
    // Before anything else is waited for, or its own will could overtake it.
    await this.#ready.set(gatewayId, ready);
    const gateway = await cooperativesIn(this.#options.db).gateway(gatewayId);
    if (gateway === undefined || gateway.revoked) {
      await this.#ready.clear(gatewayId);
      return;
    }
    for (const command of await this.#store.toSend(gatewayId, this.#options.clock.nowMs()))
      await this.#sendIfReady(gatewayId, command);
  }

  async #onOutcome(gateway: string, outcome: Exclude<GatewayOutcome, GatewayReady>): Promise<void> {
    const { db, clock, logger } = this.#options;
    const { commandId, step } = outcome;
    const source = { receivedAtMs: clock.nowMs(), entryNumber: null };
    const taken = await db.transaction().execute((trx) => takeStep(trx, gateway, outcome, source));
    if (taken !== 'taken')
      logger.warn({ gateway, commandId, step, taken }, 'a gateway answers a command that it was not given');
  }

  /** A gateway without a certain time can only stop. */
  async #sendIfReady(gateway: string, command: RemoteCommand): Promise<void> {
    const ready = await this.#ready.get(gateway);
    if (this.#send === undefined || ready === undefined) return;
    if (!ready.clockTrusted && !STOPS.includes(command.kind)) return;
    if (await this.#store.markSent(command.id, this.#options.clock.nowMs()))
      await this.#send(gateway, command);
  }

  async #kept(id: string): Promise<KeptCommand> {
    const kept = await this.#store.get(id);
    if (kept === undefined) throw new Error(`command ${id} is gone`);
    return kept;
  }
}

function read(payload: Uint8Array): GatewayOutcome | undefined {
  if (payload.byteLength > MOST_BYTES) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    return validator.Check(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
