import { type Logger, pino } from 'pino';
import { explainProblem, StartProblem } from './problem.ts';

export type { Logger } from 'pino';

/** What a composition root builds: start may be retried, stop drains what is under way. */
export interface Service {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Of one that comes to an end by itself: resolves then, to the process's exit code. */
  readonly ended?: Promise<number> | undefined;
}

/** The part of node:process that a service may touch. Handed in, so that tests bring their own. */
export interface Process {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: { readonly isTTY?: boolean };
  readonly stderr: { write(text: string): unknown };
  exitCode?: number | string | null | undefined;
  once(event: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  exit(code: number): void;
}

const STOP_DEADLINE_MS = 5_000;

/**
 * Runs one process of ours: build → start → wait for SIGINT, SIGTERM or the service's own end → stop, within five seconds.
 * A StartProblem is printed as its one sentence; anything else is our own fault and is logged with its stack.
 */
export async function runService(
  name: string,
  build: (env: Process['env'], logger: Logger) => Promise<Service> | Service,
  host: Process,
): Promise<void> {
  const logger = createLogger(name, host);
  try {
    const service = await build(host.env, logger);
    const stopped = new Promise<number>((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) host.once(signal, () => resolve(0));
    });
    await service.start();
    logger.info('ready');
    const code = await (service.ended === undefined ? stopped : Promise.race([stopped, service.ended]));
    const deadline = setTimeout(() => {
      logger.error('did not stop in time');
      host.exit(1);
    }, STOP_DEADLINE_MS);
    await service.stop();
    clearTimeout(deadline);
    logger.info('stopped');
    host.exit(code);
  } catch (caught) {
    const error = explainProblem(caught);
    if (error instanceof StartProblem) host.stderr.write(`${name}: ${error.message}\n`);
    else logger.fatal({ err: error }, 'failed');
    host.exit(1);
  }
}

/** JSON lines; pretty on a terminal or when NONGTIN_LOG=pretty. Secrets are cut out by name. */
function createLogger(name: string, host: Process): Logger {
  const pretty =
    host.env.NONGTIN_LOG === 'pretty' || (host.env.NONGTIN_LOG !== 'json' && host.stdout.isTTY === true);
  return pino({
    name,
    level: host.env.NONGTIN_LOG_LEVEL ?? 'info',
    redact: {
      paths: [
        'password',
        '*.password',
        'secret',
        '*.secret',
        'req.headers.authorization',
        'req.headers.cookie',
      ],
      remove: true,
    },
    ...(pretty
      ? {
          transport: {
            target: 'pino-pretty',
            options: { ignore: 'pid,hostname', translateTime: 'HH:MM:ss' },
          },
        }
      : {}),
  });
}
