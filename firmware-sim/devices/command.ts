import { ValveCommand } from '@nongtin/broker/wire';
import { Compile } from 'typebox/compile';

const validator = Compile(ValveCommand);
/** No command of ours is longer; a device has little memory. */
const LONGEST_BYTES = 1024;

/** Undefined for anything that is not exactly a command of the wire contract. */
export function readCommand(payload: string): ValveCommand | undefined {
  if (payload.length > LONGEST_BYTES) return undefined;
  try {
    const value: unknown = JSON.parse(payload);
    return validator.Check(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The ids of the last commands executed, so that a redelivered one does nothing. Forgotten at a boot, like the lease. */
export class ExecutedCommands {
  readonly #ids = new Set<string>();
  readonly #capacity: number;

  constructor(capacity = 64) {
    this.#capacity = capacity;
  }

  /** True the first time an id is given. */
  claim(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    for (const oldest of this.#ids) {
      if (this.#ids.size <= this.#capacity) break;
      this.#ids.delete(oldest);
    }
    return true;
  }
}
