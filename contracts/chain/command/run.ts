import { explainProblem, StartProblem } from '@nongtin/service';
import { readArguments } from './arguments.ts';
import { call } from './call.ts';
import { readCallArguments } from './call-arguments.ts';
import { type CommandIo, deploy } from './deploy.ts';
import { chainNode } from './node.ts';
import { status } from './status.ts';

/** Runs `chain …`; gives the exit code. `from`: the folder in which the person stands. */
export async function runChainCommand(args: readonly string[], from: string, io: CommandIo): Promise<number> {
  try {
    const [name, ...rest] = args;
    const given = name === 'call' ? readCallArguments(rest, from) : readArguments(args, from);
    const node = chainNode(given.rpcUrl);
    if (given.name === 'status') return (await status(given, node, io)) ? 0 : 1;
    if (given.name === 'call') await call(given, node, io);
    else await deploy(given, node, io);
    return 0;
  } catch (caught) {
    const problem = explainProblem(caught);
    if (!(problem instanceof StartProblem)) throw problem;
    io.say(problem.message);
    return 1;
  }
}
