/**
 * A reason not to start that a person can act on: one sentence with what is wrong, where, and what to do.
 * Printed as it stands, without a stack, and the process ends with exit code 1.
 */
export class StartProblem extends Error {
  override readonly name = 'StartProblem';
}

export interface ProblemContext {
  /** The port somebody else may hold, and the variable that chooses another one. */
  readonly port?: number;
  readonly portVariable?: string;
  /** The file or folder being opened. */
  readonly path?: string;
}

interface SystemError {
  readonly code?: string;
  readonly errcode?: number;
  readonly port?: number;
  readonly path?: string;
  readonly message?: string;
}

/** SQLite primary result codes (sqlite.org/rescode.html), which node:sqlite hands over in `errcode`. */
const SQLITE_CODES: Record<number, string> = {
  5: 'EBUSY',
  8: 'EROFS',
  10: 'EIO',
  11: 'CORRUPT',
  13: 'ENOSPC',
  14: 'EACCES',
  26: 'CORRUPT',
};

/**
 * The operating system's name for what went wrong (ENOSPC, EROFS …), or its nearest for an error of SQLite, whose extended
 * codes say more in their higher bits; CORRUPT is ours. '' when there is none.
 */
export function systemCodeOf(error: unknown): string {
  const { errcode = 0, code = '' } = (error ?? {}) as SystemError;
  return SQLITE_CODES[errcode & 0xff] ?? code;
}

/** Turns an error of the operating system or of SQLite into a StartProblem; any other error comes back unchanged. */
export function explainProblem(error: unknown, context: ProblemContext = {}): unknown {
  if (error instanceof StartProblem) return error;
  const system = (error ?? {}) as SystemError;
  const port = context.port ?? system.port;
  const path = context.path ?? system.path ?? 'the data folder';
  const sentence = sentenceFor(systemCodeOf(error), port, context.portVariable, path);
  return sentence === undefined ? error : new StartProblem(sentence, { cause: error });
}

function sentenceFor(code: string, port: number | undefined, variable: string | undefined, path: string) {
  const choose = variable === undefined ? 'choose another port' : `choose another one with ${variable}=…`;
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is already in use: stop the program that holds it, or ${choose}.`;
    case 'EACCES':
    case 'EPERM':
      if (port !== undefined && port < 1024)
        return `No permission to open port ${port}: ${choose} above 1023.`;
      return `No permission to read and write ${path}: give it to this user (chown -R "$USER" ${path}), or choose another folder with NONGTIN_DATA_DIR=….`;
    case 'EROFS':
      return `${path} is on a read-only file system: make it writable, or choose another folder with NONGTIN_DATA_DIR=….`;
    case 'ENOSPC':
      return `The disk that holds ${path} is full: free some space and start again; nothing acknowledged is lost.`;
    case 'EIO':
      return `The disk that holds ${path} reports read or write errors: check it and its cable, or restore a backup.`;
    case 'CORRUPT':
      return `${path} is damaged: restore it from a backup, or move this one file away and start again without what it held.`;
    case 'ENOTDIR':
    case 'EEXIST':
      return `${path} is in the way: a folder is expected there; move the file away.`;
    default:
      return undefined;
  }
}
