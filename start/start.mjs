// npm start: installs what is missing, then runs the supervisor, or one service alone, on Node 24.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serviceEnvironment, serviceFlags } from './flags.mjs';
import { gatewayArguments } from './gateway-program.mjs';
import { ensureInstalled, InstallProblem } from './install.mjs';
import { findNode24, runToEnd } from './node24.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const programs = {
  broker: 'broker/main.ts',
  gateway: 'edge/main.ts',
  cloud: 'cloud/main.ts',
  ingest: 'cloud/ingest-main.ts',
  nats: 'cloud/uplink/nats/main.ts',
  sim: 'firmware-sim/main.ts',
  chain: 'contracts/chain/main.ts',
  replay: 'edge/replay/main.ts',
  codec: 'edge/codecs/main.ts',
  'crop-water': 'edge/irrigation/crop-water/tool/main.ts',
  'degree-days': 'edge/pest/tool/main.ts',
  nongtin: 'edge/control/main.ts',
  bench: 'bench/run.ts',
};

/** What `nongtin` leaves to programs of their own, by its first argument. */
const commands = {
  chain: 'contracts/chain/command/main.ts',
  cloud: 'cloud/change-log/main.ts',
  verify: 'contracts/verifier/main.ts',
};

const [name, ...rest] = process.argv.slice(2);
const alone = name !== undefined && Object.hasOwn(programs, name);
const isCommand = name === 'nongtin' && rest[0] !== undefined && Object.hasOwn(commands, rest[0]);
const program = isCommand
  ? commands[/** @type {keyof typeof commands} */ (rest[0])]
  : alone
    ? programs[/** @type {keyof typeof programs} */ (name)]
    : 'start/main.ts';
const args = isCommand ? rest.slice(1) : alone ? rest : process.argv.slice(2);

try {
  const say = (/** @type {string} */ text) => process.stderr.write(`${text}\n`);
  await ensureInstalled({ root, mode: name === 'bench' ? 'full' : 'run', say });
  const node = findNode24(root);
  const env = { ...process.env, ...serviceEnvironment(root) };
  const run =
    name === 'gateway' ? await gatewayArguments({ root, node, say }) : [...serviceFlags, join(root, program)];
  process.exitCode = await runToEnd(node, [...run, ...args], {
    cwd: root,
    env,
  });
} catch (error) {
  if (!(error instanceof InstallProblem)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
