import { reasonOf } from '../reason.ts';
import {
  closeAgain,
  closeReturned,
  closingAnswered,
  closingSupplied,
  leakTestAnswered,
  leakTestGoesOn,
  repeatClosing,
} from './closing.ts';
import { obstacleToTest } from './decide.ts';
import { acquitOrJudge, judgeLoss } from './doubt.ts';
import { closeHeld, isHeld } from './held.ts';
import { openingAnswered, openingFailed, openNow, repeatOpening, withoutIntent } from './opening.ts';
import {
  closedAtLast,
  giveUpInterrupted,
  keepLocked,
  lockedAnswered,
  openOnRequest,
  repeatUnknown,
  unlockByPerson,
  waterIfDue,
} from './resting.ts';
import { endingOf, runAnswered, runGoesOn, stopAtTarget, waterFailed } from './running.ts';
import {
  beginTesting,
  stopTesting,
  testFailed,
  testGoesOn,
  testingAnswered,
  testWithIntent,
  testWithoutIntent,
} from './testing.ts';
import { accept, beginClosing, beginUnknown, refuse, sendClose, type Turn } from './turn.ts';
import type { EventOf, PhaseName, ZoneEvent, ZoneIn, ZoneState } from './types.ts';

type Table = {
  [P in PhaseName]: {
    [K in ZoneEvent['kind']]?: (zone: ZoneIn<P>, event: EventOf<K>, turn: Turn) => ZoneState;
  };
};

/** The state table: phase → event → what becomes of the zone. An event that is not listed changes nothing. */
export const table: Table = {
  unknown: {
    valve: (zone, event, turn) =>
      isHeld(zone) && event.report.state === 'open' ? closeHeld(zone, turn) : closedAtLast(zone, event, turn),
    tick: (zone, event, turn) => (isHeld(zone) ? closeHeld(zone, turn) : repeatUnknown(zone, event, turn)),
    online: (zone, _event, turn) => (isHeld(zone) ? closeHeld(zone, turn) : closeReturned(zone, turn)),
    test: (zone, event, turn) => refuse(zone, event, turn, reasonOf('valve_unconfirmed')),
    open: (zone, event, turn) => refuse(zone, event, turn, reasonOf('valve_unconfirmed')),
    stop: (zone, event, turn) => {
      const told = isHeld(zone) ? beginUnknown(zone, turn) : closeAgain(zone, turn);
      return accept(told, event, turn, reasonOf('already_closing'));
    },
    unlock: (zone, event, turn) => refuse(zone, event, turn, reasonOf('not_locked')),
  },
  idle: {
    tick: waterIfDue,
    moisture: waterIfDue,
    plan: waterIfDue,
    valve: (zone, event, turn) => (event.report.state === 'open' ? beginUnknown(zone, turn) : zone),
    open: openOnRequest,
    test: (zone, event, turn) => {
      const obstacle =
        obstacleToTest(zone, turn) ?? (turn.isOtherTested ? reasonOf('other_test_running') : undefined);
      if (obstacle) return refuse(zone, event, turn, obstacle);
      return accept(beginTesting(zone, event, turn), event, turn, reasonOf('wet_test'));
    },
    stop: (zone, event, turn) => {
      sendClose(turn);
      return accept(zone, event, turn, reasonOf('already_closed'));
    },
    unlock: (zone, event, turn) => refuse(zone, event, turn, reasonOf('not_locked')),
  },
  opening: {
    intent_durable: openNow,
    intent_failed: withoutIntent,
    valve: openingAnswered,
    tick: repeatOpening,
    supply: openingFailed,
    test: (zone, event, turn) => refuse(zone, event, turn, reasonOf('already_running')),
    open: (zone, event, turn) => refuse(zone, event, turn, reasonOf('already_running')),
    stop: (zone, event, turn) =>
      accept(
        beginClosing(zone, turn, { run: zone.phase.run, openedAt: null, outcome: 'stopped', proof: null }),
        event,
        turn,
        reasonOf('stopped_by_person'),
      ),
    unlock: (zone, event, turn) => refuse(zone, event, turn, reasonOf('not_locked')),
  },
  proving: {
    valve: runAnswered,
    moisture: stopAtTarget,
    tick: runGoesOn,
    supply: waterFailed,
    test: (zone, event, turn) => refuse(zone, event, turn, reasonOf('already_running')),
    open: (zone, event, turn) => refuse(zone, event, turn, reasonOf('already_running')),
    stop: (zone, event, turn) =>
      accept(
        beginClosing(zone, turn, endingOf(zone.phase, 'stopped')),
        event,
        turn,
        reasonOf('stopped_by_person'),
      ),
    unlock: (zone, event, turn) => refuse(zone, event, turn, reasonOf('not_locked')),
  },
  running: {
    valve: runAnswered,
    moisture: stopAtTarget,
    tick: runGoesOn,
    supply: waterFailed,
    test: (zone, event, turn) => refuse(zone, event, turn, reasonOf('already_running')),
    open: (zone, event, turn) => refuse(zone, event, turn, reasonOf('already_running')),
    stop: (zone, event, turn) =>
      accept(
        beginClosing(zone, turn, endingOf(zone.phase, 'stopped')),
        event,
        turn,
        reasonOf('stopped_by_person'),
      ),
    unlock: (zone, event, turn) => refuse(zone, event, turn, reasonOf('not_locked')),
  },
  closing: {
    valve: closingAnswered,
    tick: repeatClosing,
    supply: closingSupplied,
    online: (zone, _event, turn) => closeReturned(zone, turn),
    test: (zone, event, turn) => refuse(zone, event, turn, reasonOf('already_closing')),
    open: (zone, event, turn) => refuse(zone, event, turn, reasonOf('already_closing')),
    stop: (zone, event, turn) => accept(closeAgain(zone, turn), event, turn, reasonOf('already_closing')),
    unlock: (zone, event, turn) => refuse(zone, event, turn, reasonOf('not_locked')),
  },
  leak_testing: {
    valve: leakTestAnswered,
    tick: leakTestGoesOn,
    online: (zone, _event, turn) => closeAgain(zone, turn),
    test: (zone, event, turn) => refuse(zone, event, turn, reasonOf('leak_testing')),
    open: (zone, event, turn) => refuse(zone, event, turn, reasonOf('leak_testing')),
    stop: (zone, event, turn) => accept(closeAgain(zone, turn), event, turn, reasonOf('already_closing')),
    unlock: (zone, event, turn) => refuse(zone, event, turn, reasonOf('not_locked')),
  },
  testing: {
    intent_durable: testWithIntent,
    intent_failed: testWithoutIntent,
    valve: testingAnswered,
    tick: (zone, _event, turn) => testGoesOn(zone, turn),
    supply: testFailed,
    test: (zone, event, turn) => refuse(zone, event, turn, reasonOf('wet_test_running')),
    open: (zone, event, turn) => refuse(zone, event, turn, reasonOf('wet_test_running')),
    stop: (zone, event, turn) => accept(stopTesting(zone, turn), event, turn, reasonOf('stopped_by_person')),
    unlock: (zone, event, turn) => refuse(zone, event, turn, reasonOf('not_locked')),
  },
  in_doubt: {
    valve: judgeLoss,
    tick: judgeLoss,
    supply: acquitOrJudge,
    online: (zone, _event, turn) => closeAgain(zone, turn),
    test: (zone, event, turn) => refuse(zone, event, turn, zone.decision),
    open: (zone, event, turn) => refuse(zone, event, turn, zone.decision),
    stop: (zone, event, turn) => accept(closeAgain(zone, turn), event, turn, reasonOf('already_closing')),
    unlock: (zone, event, turn) => refuse(zone, event, turn, reasonOf('not_locked')),
  },
  locked: {
    valve: lockedAnswered,
    tick: (zone, _event, turn) => keepLocked(giveUpInterrupted(zone, turn), turn),
    online: (zone, _event, turn) => closeAgain(zone, turn),
    test: (zone, event, turn) =>
      refuse(zone, event, turn, reasonOf('zone_locked', { cause: zone.phase.reason.key })),
    open: (zone, event, turn) =>
      refuse(zone, event, turn, reasonOf('zone_locked', { cause: zone.phase.reason.key })),
    stop: (zone, event, turn) => accept(closeAgain(zone, turn), event, turn, reasonOf('already_closing')),
    unlock: unlockByPerson,
  },
};
