export { readStateFile, syncFolder, writeDurably, writeStateFile } from './files.ts';
export { freePort, freePorts, listen } from './ports.ts';
export { printable } from './printable.ts';
export { explainProblem, type ProblemContext, StartProblem, systemCodeOf } from './problem.ts';
export { seededRandom } from './random.ts';
export { type Logger, type Process, runService, type Service } from './run.ts';
export { wordsOfRefusal } from './validation.ts';
