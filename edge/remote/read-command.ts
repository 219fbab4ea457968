import { RemoteCommand } from '@nongtin/broker/wire';
import { Compile } from 'typebox/compile';

/** The largest command is a few hundred bytes. */
const MOST_BYTES = 4 * 1024;
const COMMAND_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const validator = Compile(RemoteCommand);

/** The command; or, of one that cannot be understood, its id where that can be read, so that it gets an answer. */
export function readCommand(payload: Uint8Array): RemoteCommand | { readonly unreadable: string | null } {
  const value = payload.byteLength > MOST_BYTES ? undefined : parseJson(payload);
  // Nothing is left out in silence: a field that we do not know may be a condition.
  if (validator.Check(value)) return value;
  const { id } = (value ?? {}) as { id?: unknown };
  return { unreadable: typeof id === 'string' && COMMAND_ID.test(id) ? id : null };
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch {
    return undefined;
  }
}
