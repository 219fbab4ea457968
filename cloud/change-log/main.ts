import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { explainProblem, StartProblem } from '@nongtin/service';
import { readConfig } from '../config.ts';
import { runRebuild } from './run.ts';

const USAGE = `Usage: npm run nongtin -- cloud rebuild [FOLDER]
  Makes the cloud's database of its change log: people, lots, stamp batches, what became of stamps, signatures, trees.
  FOLDER  has the log; default NONGTIN_CHANGE_LOG, or cloud/changes of the data folder
  Stop the cloud first. The database (NONGTIN_DATABASE_URL, or the embedded one in NONGTIN_DATA_DIR) has to be empty, and the
  key of the stamps' secrets has to be back in its place. Trees are held against the chain, if it answers.`;

const say = (line: string) => process.stdout.write(`${line}\n`);

process.exitCode = await run(process.argv.slice(2));

/** 0: done. 1: it did not work. 2: the command was not understood. */
async function run(args: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      ...{ args: [...args], allowPositionals: true, options: { help: { type: 'boolean', short: 'h' } } },
    });
    const [verb, folder, ...more] = positionals;
    if (values.help === true) {
      say(USAGE);
      return 0;
    }
    if (verb !== 'rebuild' || more.length > 0) {
      process.stderr.write(`${USAGE}\n`);
      return 2;
    }
    const config = readConfig(process.env);
    const from = folder === undefined ? config.changeLogDir : resolve(process.env.INIT_CWD ?? '.', folder);
    await runRebuild(config, from, say);
    return 0;
  } catch (error) {
    if ((error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')) {
      process.stderr.write(`${(error as Error).message}\n${USAGE}\n`);
      return 2;
    }
    const explained = explainProblem(error);
    const text =
      explained instanceof StartProblem
        ? explained.message
        : explained instanceof Error
          ? explained.stack
          : explained;
    process.stderr.write(`${text}\n`);
    return 1;
  }
}
