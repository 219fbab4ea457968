import type { Dependency } from '../api/health.ts';
import type { ChangeLog, ChangeLogState } from './change-log.ts';

const advice: Readonly<Partial<Record<ChangeLogState, string>>> = {
  away: 'the folder of NONGTIN_CHANGE_LOG cannot be written; what changes waits in the database',
  set_back: 'the database is older than its change log; the log says what to do',
  foreign: 'the folder of NONGTIN_CHANGE_LOG has the log of another database',
  damaged: 'the files in NONGTIN_CHANGE_LOG are not what was written; the log says which',
  our_fault: 'something failed in us; see the log',
};

/** Not vital: nothing is lost while the database is there. */
export function changeLogReadiness(changeLog: Pick<ChangeLog, 'status'>): Dependency {
  const told = () => {
    const { state } = changeLog.status();
    const what = advice[state];
    return what === undefined ? state : `${state}: ${what}`;
  };
  return { name: 'changeLog', vital: false, check: async () => told() };
}
