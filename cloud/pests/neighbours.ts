import {
  NEIGHBOUR_DAYS,
  type NeighbourAnswer,
  NeighbourQuestion,
  neighbourLimits,
} from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { Kysely } from 'kysely';
import { Compile } from 'typebox/compile';
import { cooperativesIn, type Gateway } from '../cooperatives/cooperatives.ts';
import type { Schema } from '../records/index.ts';
import { type NearFarm, nearFarms, neighbourCatches, type OtherFarm, type Pressure } from './answer.ts';
import type { Place } from './distance.ts';

export interface NeighboursOptions {
  readonly db: Kysely<Schema>;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
}

const MOST_BYTES = 4 * 1024;
const USUAL_KM = 10;
const DAY_MS = 86_400_000;
const validator = Compile(NeighbourQuestion);

/**
 * Tells a farm what the traps of the cooperative's other farms have caught (decision 0041). Who asks is who the door let in; it
 * hears of its own cooperative alone, and neither of a revoked gateway nor as one.
 */
export class Neighbours {
  readonly #options: NeighboursOptions;
  /** Who waits for an answer: another question of theirs meanwhile is the same one. */
  readonly #asking = new Set<string>();

  constructor(options: NeighboursOptions) {
    this.#options = options;
  }

  /** Never rejects. Undefined: this one gets no answer, now or ever; it asks again by itself. */
  async answer(gateway: string, message: Uint8Array): Promise<NeighbourAnswer | undefined> {
    if (this.#asking.has(gateway)) return undefined;
    this.#asking.add(gateway);
    try {
      return await this.#answer(gateway, message);
    } catch (error) {
      this.#options.logger.error({ err: error, gateway }, 'what neighbours caught could not be told');
      return undefined;
    } finally {
      this.#asking.delete(gateway);
    }
  }

  async #answer(id: string, message: Uint8Array): Promise<NeighbourAnswer | undefined> {
    const { db, clock, logger } = this.#options;
    const gateway = await cooperativesIn(db).gateway(id);
    if (gateway === undefined || gateway.revoked) {
      logger.warn({ gateway: id }, 'asked of neighbours by a gateway that is not of a cooperative');
      return undefined;
    }
    const atMs = Math.trunc(clock.nowMs());
    const question = read(message);
    if ('problem' in question) {
      logger.warn({ gateway: id, problem: question.problem }, 'a question of neighbours cannot be read');
      return { atMs, refused: question.problem.slice(0, 500) };
    }
    const { withinKm = USUAL_KM } = question;
    const others = await this.#others(gateway, atMs);
    const near = nearFarms(placeOf(question), others, withinKm);
    const pressures = await this.#pressures(near.slice(0, neighbourLimits.farms), atMs);
    return neighbourCatches(near, pressures, { atMs, withinKm });
  }

  /** Farms of the same cooperative that have told of pests lately, each with the place that it told last. */
  async #others(own: Gateway, nowMs: number): Promise<OtherFarm[]> {
    const { from, until } = windowOf(nowMs);
    const rows = await this.#options.db
      .selectFrom('pest_pressures')
      .innerJoin('gateways', 'gateways.gateway_id', 'pest_pressures.gateway_id')
      .distinctOn('pest_pressures.gateway_id')
      .select(['pest_pressures.gateway_id', 'gateways.label', 'latitude', 'longitude'])
      .where('gateways.cooperative_id', '=', own.cooperative_id)
      .where('gateways.revoked', '=', false)
      .where('gateways.gateway_id', '!=', own.gateway_id)
      .where('date', '>=', from)
      .where('date', '<=', until)
      .orderBy('pest_pressures.gateway_id')
      .orderBy('entry_number', 'desc')
      .execute();
    return rows.map(({ gateway_id: gatewayId, label, latitude, longitude }) => ({
      ...{ gatewayId, label },
      place: latitude === null || longitude === null ? null : { latitude, longitude },
    }));
  }

  async #pressures(farms: readonly NearFarm[], nowMs: number): Promise<Pressure[]> {
    if (farms.length === 0) return [];
    const { from, until } = windowOf(nowMs);
    const rows = await this.#options.db
      .selectFrom('pest_pressures')
      .select(['gateway_id', 'pest', 'date', 'per_trap_per_day'])
      .where(
        'gateway_id',
        'in',
        farms.map(({ gatewayId }) => gatewayId),
      )
      .where('date', '>=', from)
      .where('date', '<=', until)
      .execute();
    return rows.map(({ gateway_id: gatewayId, pest, date, per_trap_per_day: perTrapPerDay }) => ({
      ...{ gatewayId, pest, date, perTrapPerDay },
    }));
  }
}

/** By our clock in UTC; a farm's own date may be a day ahead. What is dated later is the word of a wrong clock. */
function windowOf(nowMs: number): { from: string; until: string } {
  const dateOf = (atMs: number) => new Date(atMs).toISOString().slice(0, 10);
  return { from: dateOf(nowMs - (NEIGHBOUR_DAYS - 1) * DAY_MS), until: dateOf(nowMs + DAY_MS) };
}

function placeOf({ latitude, longitude }: NeighbourQuestion): Place | null {
  return latitude === undefined || longitude === undefined ? null : { latitude, longitude };
}

/** The question, or what is wrong where. */
function read(message: Uint8Array): NeighbourQuestion | { readonly problem: string } {
  if (message.byteLength > MOST_BYTES)
    return { problem: `the question has ${message.byteLength} bytes, at most ${MOST_BYTES} are read` };
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(message));
  } catch (error) {
    return { problem: `the question is no JSON: ${(error as Error).message}` };
  }
  if (!validator.Check(value)) {
    const told = validator
      .Errors(value)
      .map(({ instancePath, message: words }) => `${instancePath.slice(1) || 'the question'} ${words}`);
    return { problem: told.slice(0, 5).join('; ') };
  }
  if ((value.latitude === undefined) !== (value.longitude === undefined))
    return { problem: 'latitude and longitude come together, or neither' };
  return value;
}
