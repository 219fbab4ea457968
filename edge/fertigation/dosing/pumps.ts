import { reasonOf } from '../../irrigation/reason.ts';
import { elapsed } from '../../irrigation/time.ts';
import { lastPulse } from './pulses.ts';
import { flowOf, mostOf } from './rate.ts';
import { locked, spent, type Turn } from './turn.ts';
import type { EventOf, HeadState, Pulse, Session } from './types.ts';

/**
 * Dose pumps: one runs at a time, for whole seconds, under a lease of its own. What a pump gave is what it was told to give, from the
 * moment it was told; one that is stopped early gave no more than its rate until its word came.
 */

export function pumpSaid(state: HeadState, event: EventOf<'pump'>, turn: Turn): HeadState {
  const { tank, isRunning, commandId } = event;
  const { pulse } = state;
  if (pulse?.tank !== tank) return isRunning ? astray(state, tank, turn) : stands(state, tank);
  // A word that names another command is of the pulse before.
  const isOurs =
    commandId === undefined || commandId === pulse.commandId || commandId === pulse.stop?.commandId;
  if (!isOurs) return state;
  if (isRunning) return heardOf({ ...state, pulse: { ...pulse, isHeard: true } });
  // What names no command may have been said before it heard us.
  const hasHeardUs = commandId !== undefined || pulse.isHeard || pulse.stop !== null;
  if (!hasHeardUs) return state;
  return pulseEnded(pulse.stop === null ? heardOf(state) : state, pulse, turn);
}

function heardOf(state: HeadState): HeadState {
  const { session } = state;
  if (session === null || session.unheardPulses === 0) return state;
  return { ...state, session: { ...session, unheardPulses: 0 } };
}

function stands(state: HeadState, tank: string): HeadState {
  const { sweep } = state;
  if (sweep === null) return state;
  const silent = sweep.silent.filter((id) => id !== tank);
  return { ...state, sweep: silent.length === 0 ? null : { ...sweep, silent } };
}

/** It runs, and nobody has told it to: a late word, or a pump that does not stop. It is told to, and nothing is dosed until it has. */
function astray(state: HeadState, tank: string, turn: Turn): HeadState {
  const { sweep } = state;
  const defiant = [...new Set([...(sweep?.defiant ?? []), tank])];
  if (sweep?.silent.includes(tank)) return { ...state, sweep: { ...sweep, defiant } };
  const silent = [...(sweep?.silent ?? []), tank];
  return stopPumps({ ...state, sweep: { silent, defiant, sentAt: turn.now, attempts: 1 } }, [tank], turn);
}

/** All pumps are told to stop, and nothing is dosed until each has said that it stands. */
export function swept(state: HeadState, turn: Turn): HeadState {
  const silent = turn.head.tanks.map(({ id }) => id);
  return stopPumps({ ...state, sweep: { silent, defiant: [], sentAt: turn.now, attempts: 1 } }, silent, turn);
}

/** Pumps that do not answer, and pulses whose time is over. */
export function watched(state: HeadState, turn: Turn): HeadState {
  return watchedPulse(watchedSweep(state, turn), turn);
}

function watchedSweep(state: HeadState, turn: Turn): HeadState {
  const { sweep } = state;
  const { answer, attempts } = turn.head.limits;
  if (sweep === null || !elapsed(sweep.sentAt, turn.now, answer)) return state;
  const again = { ...sweep, sentAt: turn.now, attempts: sweep.attempts + 1 };
  const told = stopPumps({ ...state, sweep: again }, sweep.silent, turn);
  const [runsOn] = sweep.defiant.filter((id) => sweep.silent.includes(id));
  return runsOn !== undefined && sweep.attempts >= attempts
    ? locked(told, reasonOf('dose_pump_runs', { tank: runsOn }))
    : told;
}

function watchedPulse(state: HeadState, turn: Turn): HeadState {
  const { pulse } = state;
  if (pulse === null) return state;
  const { answer, attempts } = turn.head.limits;
  const whole = { farmSeconds: pulse.seconds + answer.farmSeconds, realSeconds: answer.realSeconds };
  const isOver = elapsed(pulse.sentAt, turn.now, whole);
  if (pulse.stop === null) {
    if (!isOver) return state;
    return stopPulse(pulse.isHeard ? state : unheard(state, pulse, turn), pulse, turn);
  }
  if (!elapsed(pulse.stop.sentAt, turn.now, answer)) return state;
  if (pulse.stop.attempts < attempts || !isOver) return stopPulse(state, pulse, turn);
  // Its own lease has stopped it by now, if it has one that works: that a person has to see.
  const ended = pulseEnded(state, pulse, turn);
  return swept(locked(ended, reasonOf('dose_pump_silent', { tank: pulse.tank })), turn);
}

/**
 * Of a pulse that has never said that it runs nobody knows what it gave: it counts as given. The dose goes on only when its pump says that
 * it stands; after some of them in a row these runs get no more.
 */
function unheard(state: HeadState, { tank }: Pulse, { head }: Turn): HeadState {
  const { session } = state;
  const unheardPulses = (session?.unheardPulses ?? 0) + 1;
  if (session === null || unheardPulses >= head.limits.attempts)
    return spent(state, reasonOf('dose_pump_silent', { tank }));
  return { ...state, session: { ...session, unheardPulses } };
}

export function stopPulse(state: HeadState, pulse: Pulse, turn: Turn): HeadState {
  const issued = state.issued + 1;
  const commandId = `${turn.idPrefix}-stop-${issued}`;
  turn.actions.push({ kind: 'stop_pump', tank: pulse.tank, commandId });
  const firstAt = pulse.stop?.firstAt ?? turn.now;
  const stop = { commandId, firstAt, sentAt: turn.now, attempts: (pulse.stop?.attempts ?? 0) + 1 };
  return { ...state, issued, pulse: { ...pulse, stop } };
}

function stopPumps(state: HeadState, tanks: readonly string[], turn: Turn): HeadState {
  let { issued } = state;
  for (const tank of tanks)
    turn.actions.push({ kind: 'stop_pump', tank, commandId: `${turn.idPrefix}-stop-${++issued}` });
  return { ...state, issued };
}

function pulseEnded(state: HeadState, pulse: Pulse, turn: Turn): HeadState {
  const { tank, seconds, sentAt, stop, calibrationId } = pulse;
  const { session } = state;
  const counter = state.water?.counter ?? 0;
  const ranSeconds = Math.max(0, (turn.now.farmMs - sentAt.farmMs) / 1000);
  // What went into a cup, or was drawn from one of clear water, is not in the pipe.
  const last = calibrationId === null ? lastPulse(state.last, tank, counter, turn.head) : state.last;
  const after = { ...state, pulse: null, last };
  const litres = Math.max(0, counter - pulse.counter);
  if (calibrationId !== null) {
    // Its word may come a little early or late; its own lease has ended it all the same.
    const isWhole = stop === null && pulse.isHeard && ranSeconds >= seconds - EARLY_SECONDS;
    turn.actions.push({ kind: 'calibrated', calibrationId, tank, seconds, litres, isWhole });
  }
  if (session === null || calibrationId !== null) return after;
  const lackSeconds = stop === null ? 0 : Math.max(0, seconds - ranSeconds);
  const lacking = (lackSeconds / seconds) * pulse.millilitres;
  // An injector has drawn from the water that came by, of which there may have been more than when it began.
  const { injector } = turn.head.tanks.find(({ id }) => id === tank) ?? {};
  const drawn = litres * (injector?.millilitresPerLitre ?? 0);
  const millilitres = Math.max(pulse.millilitres - lacking, drawn) - pulse.millilitres;
  return millilitres === 0 ? after : { ...after, session: moreGiven(session, tank, millilitres) };
}

const EARLY_SECONDS = 1;

/** More water flows than an injector's pulse was reckoned with. */
export function outgrown({ pulse, water }: HeadState, { head }: Turn): boolean {
  const tank = head.tanks.find(({ id }) => id === pulse?.tank);
  if (pulse === null || pulse.stop !== null || pulse.calibrationId !== null) return false;
  if (tank?.injector === undefined) return false;
  const meant = pulse.millilitres / pulse.seconds;
  return ((tank.injector.millilitresPerLitre ?? 0) * flowOf(water)) / 60 > meant * mostOf(tank);
}

/** What is given is not owed any more. */
export function moreGiven(session: Session, tank: string, millilitres: number): Session {
  const given = Math.max(0, (session.given[tank] ?? 0) + millilitres);
  const owed = (session.owed[tank] ?? 0) - millilitres;
  return { ...session, given: { ...session.given, [tank]: given }, owed: { ...session.owed, [tank]: owed } };
}
