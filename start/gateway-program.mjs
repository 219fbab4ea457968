// Plain JavaScript without dependencies: it runs on the machine's own Node.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gatewayFlags, serviceFlags } from './flags.mjs';

/**
 * What Node is told to run the gateway: its flags, and its bundle, or its sources when that cannot be made, in a read-only
 * folder say.
 * @param {{ root: string, node: string, say: (text: string) => void }} options
 * @returns {Promise<readonly string[]>}
 */
export async function gatewayArguments({ root, node, say }) {
  try {
    const bundler = [...serviceFlags, join(root, 'start', 'bundle.ts')];
    const { stdout } = await promisify(execFile)(node, bundler, { cwd: root });
    return [...gatewayFlags, stdout.trim()];
  } catch (error) {
    const said = String(/** @type {{ stderr?: string }} */ (error).stderr ?? error);
    const reason = /^(?:\w*Error)\b.*$/m.exec(said)?.[0] ?? said.trim().split('\n').at(-1);
    say(
      `The gateway runs from its sources, which takes 60 MiB more memory: no bundle could be made (${reason}).`,
    );
    return [...gatewayFlags, join(root, 'edge', 'main.ts')];
  }
}
