import { parseArgs } from 'node:util';
import { runTool, withUsage } from '../tool.ts';
import { trial } from './trial.ts';

const USAGE = `Usage: npm run codec -- SCRIPT decode HEX [--port N]
       npm run codec -- SCRIPT encode JSON [--port N]
  SCRIPT    a payload codec (LoRa Alliance TS013), a file that ends in .js
  decode    what it makes of an uplink, such as 01755c030100
  encode    which bytes it makes of a command, such as '{"valve_1":"open","time":600}'
  --port N  the LoRaWAN port, 1 if not given`;

await runTool(async ({ pathOf, clock, logger }) => {
  const { file, ...what } = withUsage(USAGE, () => readArguments(process.argv.slice(2)));
  return `${await trial({ file: pathOf(file), ...what, clock, logger })}\n`;
});

function readArguments(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    options: { port: { type: 'string', default: '1' } },
    allowPositionals: true,
  });
  const [file, call, input] = positionals;
  const fPort = Number(values.port);
  const isCall = call === 'decode' || call === 'encode';
  const isPort = fPort >= 0 && fPort <= 255;
  if (file === undefined || input === undefined || !isCall || !file.endsWith('.js') || !isPort)
    throw new Error('a script, decode or encode, and what to decode or encode are expected');
  return { file, call, input, fPort } as const;
}
