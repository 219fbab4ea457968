import { randomUUID } from 'node:crypto';
import { Type, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem, problem } from '../api/errors.ts';
import type { KeptCommand } from './command-store.ts';
import type { Commands, IssueRefusal } from './commands.ts';
import { commandFrom } from './orders.ts';

const GatewayParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) });
const CommandParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 36 }) });
const Limit = Type.Object({ limit: Type.Integer({ minimum: 1, maximum: 500, default: 50 }) });
/** Checked by orders.ts, kind by kind: the schema's check would turn "600" into a number. */
const Asked = Type.Unsafe<unknown>({
  type: 'object',
  description:
    'kind: start_zone (zone, durationSeconds), stop_zone (zone), stop_all, set_limit (zone, maxRunSeconds) or change_program ' +
    '(zone, openBelowFraction, targetFraction, runSeconds). Optional: id (a UUID; the same again gives the same command) ' +
    'and expiresInSeconds (start_zone: 120, at most 600; the others: a day, which is the most).',
});
const CommandView = Type.Any({
  description:
    'state: waiting, sent, accepted, started, finished, refused, expired, interrupted, unanswered or withdrawn; ' +
    'steps: what the gateway said, each with the signed entry that says the same',
});

/** Asking farms for water, and seeing what came of it. */
export function commandRoutes(commands: Commands, clock: { nowMs(): number }) {
  return (plain: FastifyInstance): void => {
    const app = plain.withTypeProvider<TypeBoxTypeProvider>();
    const problems = { 400: Problem, 404: Problem, 409: Problem, 429: Problem };
    app.post(
      '/api/gateways/:id/commands',
      {
        schema: {
          params: GatewayParams,
          body: Asked,
          response: { 200: CommandView, 201: CommandView, ...problems },
        },
      },
      async (request, reply) => {
        const issuedBy = nameOf(request);
        const command = commandFrom(request.body, { newId: randomUUID, nowMs: clock.nowMs(), issuedBy });
        if ('problem' in command)
          return reply
            .code(400)
            .send(problem('your_input', 'not_a_command', `This is no command: ${command.problem}.`));
        const issued = await commands.issue(request.params.id, command, request.account?.email ?? '');
        if (issued.kind !== 'refused')
          return reply.code(issued.kind === 'issued' ? 201 : 200).send(view(issued.kept));
        const { status, kind, message } = refusals[issued.cause];
        return reply.code(status).send(problem(kind, issued.cause, message));
      },
    );
    app.get(
      '/api/gateways/:id/commands',
      {
        schema: {
          params: GatewayParams,
          querystring: Limit,
          response: { 200: Type.Object({ commands: Type.Array(CommandView) }) },
        },
      },
      async ({ params, query }) => ({
        commands: (await commands.newest(params.id, query.limit)).map(view),
      }),
    );
    app.get(
      '/api/commands/:id',
      { schema: { params: CommandParams, response: { 200: CommandView, 404: Problem } } },
      async ({ params }, reply) => {
        const kept = await commands.get(params.id);
        return kept ? view(kept) : reply.code(404).send(noSuchCommand);
      },
    );
    app.delete(
      '/api/commands/:id',
      { schema: { params: CommandParams, response: { 204: Type.Null(), 404: Problem, 409: Problem } } },
      async ({ params }, reply) => {
        const isWithdrawn = await commands.withdraw(params.id);
        if (isWithdrawn === undefined) return reply.code(404).send(noSuchCommand);
        return isWithdrawn ? reply.code(204).send(null) : reply.code(409).send(noLongerWaiting);
      },
    );
  };
}

/** As people at the farm are shown it: a name, no address. */
function nameOf({ account }: FastifyRequest): string {
  return account?.name.trim().slice(0, 80) || 'cloud';
}

function view({ gatewayId, command, state, sends, steps }: KeptCommand) {
  const { id: commandId, ...order } = command;
  return { commandId, gatewayId, ...order, state, sends, steps };
}

const noSuchCommand = problem('your_input', 'no_such_command', 'There is no such command.');
const noLongerWaiting = problem(
  'your_input',
  'not_waiting',
  'The command has been sent or is over, so it cannot be withdrawn: send a stop.',
);

const refusals: Record<
  IssueRefusal,
  { status: 404 | 409 | 429; kind: 'your_input' | 'try_later'; message: string }
> = {
  no_such_gateway: {
    ...{ status: 404, kind: 'your_input' },
    message: 'No gateway of this name is registered: look at GET /api/gateways.',
  },
  gateway_revoked: {
    ...{ status: 409, kind: 'your_input' },
    message: 'This gateway was revoked, so it is sent no commands.',
  },
  id_taken: {
    ...{ status: 409, kind: 'your_input' },
    message: 'This id belongs to another command: give each command a new one.',
  },
  too_many_open: {
    ...{ status: 429, kind: 'try_later' },
    message: 'A hundred commands wait for this gateway already: wait until they are answered or expired.',
  },
};
