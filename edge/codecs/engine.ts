import quickJs from '@jitl/quickjs-wasmfile-release-sync';
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
} from 'quickjs-emscripten-core';
import { begin, type Image, imageOf, restore, worldOf } from './image.ts';
import { COLLECT, PRELUDE } from './prelude.ts';
import { type CodecCall, LIMITS, type Outcome } from './protocol.ts';

export interface Engine {
  /** Reads the script into an image of its own. Throws only when the engine itself broke: it must then be dropped. */
  load(script: string, source: string): Image | Extract<Outcome, { failure: unknown }>;
  /** Calls a function of the script, in a world that is as it was right after loading. Throws as `load` does. */
  call(image: Image, call: CodecCall, input: string): Outcome;
}

/** 16 MiB in 64 KiB pages, and not a page more: 5.3 MiB are QuickJS itself and its stack. */
const PAGES = 256;

interface EngineClock {
  /** What this thread has computed: an honest script on a busy machine is not too slow. */
  computedMs(): number;
  monotonicMs(): number;
}

/**
 * QuickJS in WebAssembly, whose whole world is one piece of memory. What a script has changed in it is copied right after
 * it was read, and put back before every call: no call sees what another left, and none pays for parsing the script again.
 */
export async function createEngine(clock: EngineClock): Promise<Engine> {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
  const quick = await newQuickJSWASMModuleFromVariant(newVariant(variantOf(quickJs), { wasmMemory: memory }));
  let isOver = () => false;
  const context = quick.newContext();
  context.runtime.setMemoryLimit(LIMITS.heapBytes);
  context.runtime.setMaxStackSize(LIMITS.stackBytes);
  context.runtime.setInterruptHandler(() => isOver());
  const driver = context.unwrapResult(context.evalCode(PRELUDE, 'prelude', { type: 'global' }));
  const first = worldOf(memory);
  const limited = <Value>(limitMs: number, run: () => Value | Failed): Value | Failed => {
    const computed = clock.computedMs() + limitMs;
    const passed = clock.monotonicMs() + limitMs * LIMITS.patience;
    isOver = () => clock.computedMs() > computed || clock.monotonicMs() > passed;
    const value = run();
    // A long search, say, cannot be interrupted, and has an end all the same.
    const late = clock.computedMs() > computed;
    isOver = () => false;
    return late ? tooLong(limitMs) : value;
  };
  return {
    load(script, source) {
      begin(memory, first);
      return limited(LIMITS.loadMs, () => load(context, driver, script, source) ?? imageOf(memory, first));
    },
    call(image, call, input) {
      restore(memory, first, image);
      return limited(LIMITS.callMs, () => run(context, driver, call, context.newString(input)));
    },
  };
}

/** The package's types describe its CommonJS form, in which the variant stands one level deeper. */
function variantOf(loaded: Variant | { readonly default: Variant }): Variant {
  return 'default' in loaded ? loaded.default : loaded;
}

type Variant = typeof quickJs.default;

type Failed = Extract<Outcome, { failure: unknown }>;

const MODULE = /^[ \t]*(?:import[\s{*"']|export[\s{*])/m;
const NO_MODULES =
  'import and export are not taken; declare function decodeUplink, or give it to module.exports, in one file';

function load(context: QuickJSContext, driver: QuickJSHandle, script: string, source: string) {
  const failed = (error: QuickJSHandle): Failed => {
    const outcome = explain(context, driver, error, LIMITS.loadMs);
    if (outcome.failure !== 'threw') return outcome;
    const why = MODULE.test(source) ? `: ${NO_MODULES}` : '';
    return { failure: 'script', detail: `${outcome.detail}${why}` };
  };
  const read = context.evalCode(source, script, { type: 'global' });
  if (read.error) return failed(read.error);
  const functions = context.evalCode(COLLECT, 'collect', { type: 'global' });
  if (functions.error) return failed(functions.error);
  const taken = context.callFunction(driver, context.undefined, context.newString('take'), functions.value);
  return taken.error ? failed(taken.error) : undefined;
}

function run(context: QuickJSContext, driver: QuickJSHandle, call: CodecCall, input: QuickJSHandle): Outcome {
  const result = context.callFunction(driver, context.undefined, context.newString(call), input);
  if (result.error) return explain(context, driver, result.error, LIMITS.callMs);
  if (context.typeof(result.value) !== 'string')
    return { failure: 'result', detail: 'the answer is no text' };
  const length = context.getNumber(context.getProp(result.value, 'length'));
  if (length > LIMITS.resultCharacters) {
    const detail = `the answer has ${length} characters; at most ${LIMITS.resultCharacters} are taken`;
    return { failure: 'too_large', detail };
  }
  const json = context.getString(result.value);
  return failureIn(json) ?? { json };
}

/** The driver's own word that a call failed. A script that forges it has failed by its own wish. */
function failureIn(json: string): Failed | undefined {
  if (!json.startsWith('{"failed":')) return undefined;
  const { failed, detail } = JSON.parse(json) as { failed: unknown; detail: unknown };
  const known = (['missing', 'threw', 'refused', 'result'] as const).find((failure) => failure === failed);
  const text = String(detail);
  return memoryFailure(text) ?? { failure: known ?? 'result', detail: text };
}

/** Errors that pass the driver's own `catch`: the deadline, an empty memory, a full stack. */
function explain(
  context: QuickJSContext,
  driver: QuickJSHandle,
  error: QuickJSHandle,
  limitMs: number,
): Failed {
  const described = context.callFunction(driver, context.undefined, context.newString('describe'), error);
  const detail = described.error ? 'interrupted' : context.getString(described.value);
  if (/\binterrupted\b/.test(detail)) return tooLong(limitMs);
  return memoryFailure(detail) ?? { failure: 'threw', detail };
}

function tooLong(limitMs: number): Failed {
  return { failure: 'timeout', detail: `it had not ended after ${limitMs} ms` };
}

/** Thrown by QuickJS itself; null when there was no memory left even for the error. */
function memoryFailure(detail: string): Failed | undefined {
  if (!/InternalError: (out of memory|string too long)|^null$/.test(detail)) return undefined;
  const detailed = `it needs more than ${LIMITS.heapBytes / 1024 / 1024} MiB of memory`;
  return { failure: 'memory', detail: detailed };
}
