import { systemCodeOf } from '@nongtin/service';

/** Why there is no connection; the dashboard has words for each. */
export const REACH_PROBLEMS = [
  'starting',
  'unreachable',
  'login_refused',
  'certificate',
  'not_mqtt',
  'silent',
  'closed',
  'filter_refused',
  'not_durable',
] as const;

export type ReachProblem = (typeof REACH_PROBLEMS)[number];

/** Whether the broker elsewhere can be reached, and since when that is so. */
export interface Reach {
  /** Without password. */
  readonly url: string;
  readonly connected: boolean;
  readonly sinceMs: number;
  /** Null while it is connected. */
  readonly problem: ReachProblem | null;
  /** What the system says of it, for a technician; may be empty. */
  readonly detail: string;
}

/** Why a connection has ended or never began. */
export class ReachError extends Error {
  override readonly name = 'ReachError';
  readonly problem: ReachProblem;

  constructor(problem: ReachProblem, detail = '') {
    super(detail);
    this.problem = problem;
  }
}

/** What Node says of a socket, as one of our problems. */
export function reachErrorOf(error: Error): ReachError {
  const code = systemCodeOf(error);
  // Node's error of a name with several addresses has no words of its own.
  const detail = error.message === '' ? code : error.message;
  if (/^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO)|^EPROTO$/.test(code))
    return new ReachError('certificate', detail);
  if (code === 'ECONNRESET' || code === 'EPIPE') return new ReachError('closed', detail);
  return new ReachError('unreachable', detail);
}

/** CONNACK return codes (MQTT 3.1.1, table 3.1). */
export function refusalOf(returnCode: number): ReachError {
  switch (returnCode) {
    case 4:
    case 5:
      return new ReachError('login_refused', `CONNACK ${returnCode}`);
    case 3:
      return new ReachError('unreachable', 'the broker says that it is unavailable (CONNACK 3)');
    default:
      return new ReachError('not_mqtt', `the broker does not take our CONNECT (CONNACK ${returnCode})`);
  }
}
