import { performance } from 'node:perf_hooks';
import { threadCpuUsage } from 'node:process';
import { type MessagePort, parentPort } from 'node:worker_threads';
import { createEngine, type Engine } from './engine.ts';
import type { Image } from './image.ts';
import type { Answer, Ask, Outcome } from './protocol.ts';

/**
 * The codecs' thread: foreign code runs here and nowhere else, one call after the other. It keeps the scripts that it was
 * given, and the images of the latest that were used: of usual scripts all, of greedy ones few.
 */
const MOST_IMAGE_BYTES = 8 * 1024 * 1024;

const clock = {
  computedMs: () => {
    const { user, system } = threadCpuUsage();
    return (user + system) / 1_000;
  },
  monotonicMs: () => performance.now(),
};

interface Script {
  readonly version: number;
  readonly source: string;
  loaded?: ReturnType<Engine['load']> | undefined;
}

if (parentPort !== null) await serve(parentPort);

async function serve(port: MessagePort): Promise<void> {
  const send = (answer: Answer) => port.postMessage(answer);
  const scripts = new Map<string, Script>();
  let engine = await createEngine(clock);
  port.on('message', async (ask: Ask) => {
    if (ask.source !== undefined) {
      scripts.set(ask.script, { version: ask.version, source: ask.source });
    }
    try {
      send({ id: ask.id, outcome: answer(engine, scripts, ask) });
    } catch (error) {
      // The engine broke (a trap, a full native stack): its memory can no longer be trusted, and neither can its images.
      for (const script of scripts.values()) script.loaded = undefined;
      engine = await createEngine(clock);
      send({ id: ask.id, outcome: { failure: 'crashed', detail: String(error).slice(0, 200) } });
    }
  });
  send({ ready: true });
}

function answer(engine: Engine, scripts: Map<string, Script>, ask: Ask): Outcome {
  const script = scripts.get(ask.script);
  if (script?.version !== ask.version) return { failure: 'script', detail: 'this version is not at hand' };
  script.loaded ??= engine.load(ask.script, script.source);
  // Latest last.
  scripts.delete(ask.script);
  scripts.set(ask.script, script);
  forgetOldImages(scripts);
  return isImage(script.loaded) ? engine.call(script.loaded, ask.call, ask.input) : script.loaded;
}

function forgetOldImages(scripts: Map<string, Script>): void {
  let bytes = 0;
  for (const [index, script] of [...scripts.values()].reverse().entries()) {
    if (script.loaded === undefined || !isImage(script.loaded)) continue;
    bytes += script.loaded.pieces.length;
    if (index > 0 && bytes > MOST_IMAGE_BYTES) script.loaded = undefined;
  }
}

function isImage(loaded: NonNullable<Script['loaded']>): loaded is Image {
  return 'pieces' in loaded;
}
