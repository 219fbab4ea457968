// Plain JavaScript without dependencies: it runs on the machine's own Node.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * The file to run for the gateway: its bundle, or its sources when that cannot be made, in a read-only folder say.
 * @param {{ root: string, node: string, say: (text: string) => void }} options
 * @returns {Promise<string>}
 */
export async function gatewayProgram({ root, node, say }) {
  try {
    const bundle = ['--disable-warning=ExperimentalWarning', join(root, 'start', 'bundle.ts')];
    return (await promisify(execFile)(node, bundle, { cwd: root })).stdout.trim();
  } catch (error) {
    const said = String(/** @type {{ stderr?: string }} */ (error).stderr ?? error);
    const reason = /^(?:\w*Error)\b.*$/m.exec(said)?.[0] ?? said.trim().split('\n').at(-1);
    say(
      `The gateway runs from its sources, which takes 60 MiB more memory: no bundle could be made (${reason}).`,
    );
    return join(root, 'edge', 'main.ts');
  }
}
