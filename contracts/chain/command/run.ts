import { explainProblem, printable, StartProblem } from '@nongtin/service';
import { readArguments, USAGE } from './arguments.ts';
import { call } from './call.ts';
import { callUsage, readCallArguments } from './call-arguments.ts';
import { type CommandIo, deploy } from './deploy.ts';
import { chainNode } from './node.ts';
import { status } from './status.ts';

/** Runs `chain …`; gives the exit code. `from`: the folder in which the person stands. */
export async function runChainCommand(args: readonly string[], from: string, io: CommandIo): Promise<number> {
  // What nodes say is said as well.
  const say = (line: string) => {
    for (const one of line.split('\n')) io.say(printable(one));
  };
  if (args.includes('--help') || args.includes('-h')) {
    say(args[0] === 'call' ? callUsage() : USAGE);
    return 0;
  }
  try {
    const [name, ...rest] = args;
    const given = name === 'call' ? readCallArguments(rest, from) : readArguments(args, from);
    const node = chainNode(given.rpcUrl);
    const said = { ...io, say };
    if (given.name === 'status') return (await status(given, node, said)) ? 0 : 1;
    if (given.name === 'call') await call(given, node, said);
    else await deploy(given, node, said);
    return 0;
  } catch (caught) {
    const problem = explainProblem(caught);
    if (!(problem instanceof StartProblem)) throw problem;
    say(problem.message);
    return 1;
  }
}
