import { type CommandKind, commandOrders, longestExpiryMs, type RemoteCommand } from '@nongtin/broker/wire';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

const Id = Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' });

/** What a caller asks for, kind by kind; nothing is converted and nothing unknown let through. */
const checks = Object.fromEntries(
  Object.entries(commandOrders).map(([kind, figures]) => [
    kind,
    Compile(
      Type.Object(
        {
          kind: Type.Literal(kind),
          id: Type.Optional(Id),
          expiresInSeconds: Type.Optional(
            Type.Integer({ minimum: 1, maximum: longestExpiryMs[kind as CommandKind] / 1000 }),
          ),
          ...figures,
        },
        { additionalProperties: false },
      ),
    ),
  ]),
);

/** A person who opens a valve from afar looks at the answer; what has not begun by then is not wanted any more. */
const START_EXPIRES_SECONDS = 120;

export interface Issue {
  readonly newId: () => string;
  readonly nowMs: number;
  /** Name of the account. */
  readonly issuedBy: string;
}

/** The command that a request asks for, or what is wrong with it, field by field. */
export function commandFrom(body: unknown, issue: Issue): RemoteCommand | { readonly problem: string } {
  const { kind } = (body ?? {}) as { kind?: unknown };
  const check = typeof kind === 'string' && Object.hasOwn(checks, kind) ? checks[kind] : undefined;
  if (check === undefined) return { problem: `kind must be one of ${Object.keys(checks).join(', ')}` };
  if (!check.Check(body)) return { problem: problemsOf(check.Errors(body)) };
  const { id = issue.newId(), expiresInSeconds, ...order } = body as Asked;
  const seconds = expiresInSeconds ?? usualSeconds(order.kind);
  return {
    ...order,
    ...{ id, issuedAtMs: issue.nowMs, expiresAtMs: issue.nowMs + seconds * 1000, issuedBy: issue.issuedBy },
  } as RemoteCommand;
}

/** Whether two commands ask for the same, whenever and by whom. */
export function asksTheSame(one: RemoteCommand, other: RemoteCommand): boolean {
  return orderText(one) === orderText(other);
}

type Asked = { id?: string; expiresInSeconds?: number; kind: CommandKind };

function usualSeconds(kind: CommandKind): number {
  return kind === 'start_zone' ? START_EXPIRES_SECONDS : longestExpiryMs[kind] / 1000;
}

function orderText({ issuedAtMs: _, expiresAtMs: __, issuedBy: ___, ...order }: RemoteCommand): string {
  return JSON.stringify(Object.entries(order).sort(([a], [b]) => (a < b ? -1 : 1)));
}

interface ShapeError {
  readonly instancePath: string;
  readonly message: string;
  readonly params?: object;
}

function problemsOf(errors: readonly ShapeError[]): string {
  const told = errors.map(({ instancePath, message, params }) => {
    const { additionalProperties: unknown, requiredProperties: missing } = (params ?? {}) as {
      additionalProperties?: readonly string[];
      requiredProperties?: readonly string[];
    };
    if (unknown) return `${unknown.join(', ')} is not known here`;
    if (missing) return `${missing.join(', ')} is missing`;
    return `${instancePath.slice(1)} ${message}`;
  });
  return [...new Set(told)].slice(0, 5).join('; ');
}
