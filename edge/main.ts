import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { type Logger, runService } from '@nongtin/service';
import { readConfig } from './config.ts';
import { Gateway } from './gateway.ts';
import { Thrift } from './thrift.ts';

const clock = { nowMs: Date.now, monotonicMs: () => Math.trunc(performance.now()) };

// Pieces of Node's pool, 64 KiB each, live as long as the last of what was cut from them: of a thousand connections each
// keeps some.
Buffer.poolSize = 8 * 1024;

await runService('gateway', build, process);

function build(env: NodeJS.ProcessEnv, logger: Logger): Gateway {
  const gateway = new Gateway(readConfig(env), logger, clock);
  const thrift = new Thrift({
    messages: () => gateway.messages,
    monotonicMs: clock.monotonicMs,
    // V8 looks at it anew whenever it decides when to collect next.
    setThrifty: (isThrifty) => {
      setFlagsFromString(isThrifty ? '--optimize-for-size' : '--no-optimize-for-size');
      // How much larger the young generation becomes when it grows, up to the flag's 8 MiB. V8 shrinks it when it is quiet.
      setFlagsFromString(`--semi-space-growth-factor=${isThrifty ? 1 : 2}`);
    },
  });
  setInterval(() => thrift.look(), 1_000).unref();
  return gateway;
}
