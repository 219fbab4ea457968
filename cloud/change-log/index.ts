export { ChangeLog } from './change-log.ts';
export { LogFiles } from './log-files.ts';
export { changeLogReadiness } from './readiness.ts';
export { rebuild } from './rebuild.ts';
