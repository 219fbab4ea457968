import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiProblem } from './errors.ts';

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

/**
 * The validator turns null into 0 and true into 1, and JSON writes NaN as null: a tank would be empty, a trap without a fly, because a
 * page could not read a field. Digits as text are numbers, as in a query.
 */
export function refuseNoNumbers(app: FastifyInstance): void {
  app.addHook('preValidation', async ({ body, routeOptions }: FastifyRequest) => {
    const at = noNumberIn(body, routeOptions.schema?.body as Schema | undefined, 'body');
    if (at !== undefined) throw new ApiProblem(400, `${at} must be number`);
  });
}

/** Where something else stands than the number that is asked for. */
function noNumberIn(value: unknown, schema: Schema | undefined, at: string): string | undefined {
  if (schema === undefined || value === undefined) return undefined;
  if (schema.type === 'number' || schema.type === 'integer')
    return typeof value === 'number' || typeof value === 'string' ? undefined : at;
  if (Array.isArray(value))
    return firstOf(value.map((one, n) => noNumberIn(one, schema.items, `${at}/${n}`)));
  if (typeof value !== 'object' || value === null) return undefined;
  return firstOf(
    Object.entries(schema.properties ?? {}).map(([name, its]) =>
      noNumberIn(Reflect.get(value, name), its, `${at}/${name}`),
    ),
  );
}

function firstOf(found: readonly (string | undefined)[]): string | undefined {
  return found.find((at) => at !== undefined);
}
