/** What the gateway's thread and the codecs' thread say to each other. */

export type CodecCall = 'decode' | 'encode';

export interface Ask {
  readonly id: number;
  /** File name of the script, as errors show it. */
  readonly script: string;
  /** Another one whenever the file has changed. */
  readonly version: number;
  /** The script itself, when this thread has not been given this version yet. */
  readonly source?: string | undefined;
  readonly call: CodecCall;
  /** The function's input as JSON. */
  readonly input: string;
}

export type Failure =
  /** The script itself does not run. */
  | 'script'
  /** The script has no such function. */
  | 'missing'
  /** The function threw. */
  | 'threw'
  /** The function said itself that it cannot. */
  | 'refused'
  /** What it returned cannot be used. */
  | 'result'
  | 'too_large'
  | 'timeout'
  | 'memory'
  /** The engine broke, or the whole thread had to be ended. */
  | 'crashed'
  /** Not called at all: it has cost too much too often. */
  | 'set_aside';

export type Outcome = { readonly json: string } | { readonly failure: Failure; readonly detail: string };

export type Answer = { readonly ready: true } | { readonly id: number; readonly outcome: Outcome };

/** Bounds of one call; sizes in bytes or UTF-16 units. Times count what the thread computes, in milliseconds. */
export const LIMITS = {
  callMs: 100,
  /** For reading a script, once for each version: large ones take a while to parse on a small board. */
  loadMs: 300,
  /** On a busy machine a thread waits more than it computes: by the clock on the wall a call may take so many times longer. */
  patience: 4,
  /** After so long by that clock the whole thread is ended: some built-in loops cannot be interrupted. */
  hangMs: 2_000,
  heapBytes: 8 * 1024 * 1024,
  stackBytes: 256 * 1024,
  resultCharacters: 64 * 1024,
  sourceBytes: 256 * 1024,
} as const;
