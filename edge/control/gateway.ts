import type { Ask } from './client.ts';

interface Enrolment {
  readonly gateway: string | null;
  readonly cloud: string | null;
  readonly cooperative: string | null;
  readonly overTls: boolean;
  readonly certificateEndsAtMs: number | null;
  readonly revoked: string | null;
}

interface Status {
  readonly journal: { readonly lastNumber: number };
  readonly uplink: {
    readonly connected: boolean;
    readonly durableUpTo: number;
    readonly behindEntries: number;
    readonly lastRefusal: { readonly reason: string } | null;
  };
}

export interface GatewayOptions {
  readonly cloud?: string;
  readonly fingerprint?: string;
  readonly instead?: boolean;
}

export type GatewayCommand =
  | { readonly what: 'status' }
  | ({ readonly what: 'enrol'; readonly claim: string } & GatewayOptions);

/** What a command about the gateway's place in a cooperative answers, for a person to read. */
export async function gateway(command: GatewayCommand, ask: Ask): Promise<string> {
  if (command.what === 'status') return status(ask);
  const { what: _, ...inHand } = command;
  const said = (await ask('POST', '/api/enrolment', inHand)) as Enrolment;
  const { gateway: name, cooperative, overTls, certificateEndsAtMs } = said;
  const proof = certificateEndsAtMs === null ? 'by its password' : 'by its certificate';
  const way = overTls ? `over TLS, ${proof}` : 'by its password';
  return `This is ${name} of ${cooperative} now. Its journal goes up ${way}; npm run nongtin -- gateway status shows how far.`;
}

/** From what was typed. Throws an Error that says what is missing. */
export function gatewayCommand(
  [what, claim, ...more]: readonly string[],
  options: GatewayOptions,
): GatewayCommand {
  if (more.length > 0) throw new Error(`${more[0]} is too much`);
  if (what === 'status' && claim === undefined) return { what };
  if (what !== 'enrol') throw new Error('enrol or status is expected');
  if (claim === undefined) throw new Error('which claim? enrol CODE-OR-LINK');
  return { what, claim, ...options };
}

async function status(ask: Ask): Promise<string> {
  const enrolment = (await ask('GET', '/api/enrolment')) as Enrolment;
  const { journal, uplink } = (await ask('GET', '/api/live')) as Status;
  const rows = [
    ['gateway', enrolment.gateway ?? 'not enrolled: npm run nongtin -- gateway enrol CODE-OR-LINK'],
    ['cooperative', enrolment.cooperative],
    ['cloud', enrolment.cloud],
    ['revoked', enrolment.revoked],
    ['uplink', enrolment.gateway && uplinkWords(enrolment, uplink)],
    ['journal', `${journal.lastNumber} entries, ${uplink.durableUpTo} of them on the cloud's disk`],
    ['refused', uplink.lastRefusal?.reason],
    ['certificate', enrolment.certificateEndsAtMs && `until ${day(enrolment.certificateEndsAtMs)}`],
  ];
  return rows
    .filter(([, text]) => text)
    .map(([name, text]) => `${String(name).padEnd(12)}${text}`)
    .join('\n');
}

function uplinkWords({ overTls }: Enrolment, { connected, behindEntries }: Status['uplink']): string {
  const way = overTls ? 'over TLS' : 'without TLS';
  const behind = behindEntries === 0 ? 'up to date' : `${behindEntries} entries behind`;
  return `${connected ? 'connected' : 'not connected'}, ${way}, ${behind}`;
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
