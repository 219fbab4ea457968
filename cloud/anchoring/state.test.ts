import { describe, expect, it } from 'vitest';
import { type AnchorEvent, type AnchorState, nextStep } from './state.ts';

const states: AnchorState[] = ['waiting', 'submitted', 'mined', 'final', 'forgotten'];
const events: AnchorEvent[] = ['standing', 'finalized', 'pending', 'unknown', 'lost', 'refused'];

/** The states an anchor passes through when the chain says these things one after the other. */
function life(...said: AnchorEvent[]): AnchorState[] {
  const passed: AnchorState[] = ['waiting'];
  for (const event of said) passed.push(nextStep(passed.at(-1) ?? 'waiting', event).state);
  return passed;
}

describe('the life of an anchor', () => {
  it('goes from waiting to final', () => {
    expect(life('lost', 'pending', 'standing', 'finalized')).toEqual([
      'waiting',
      'submitted',
      'submitted',
      'mined',
      'final',
    ]);
  });

  it('goes back when a block is thrown away, and on again when it is mined anew', () => {
    expect(life('lost', 'standing', 'pending', 'standing', 'finalized').slice(2)).toEqual([
      'mined',
      'submitted',
      'mined',
      'final',
    ]);
  });

  it('takes a root that stands already for a success, in every state but forgotten', () => {
    for (const state of states.filter((one) => one !== 'forgotten')) {
      expect(['mined', 'final']).toContain(nextStep(state, 'standing').state);
      expect(nextStep(state, 'standing').action).not.toContain('send');
    }
  });

  it('never signs a second transaction while the first may still be mined', () => {
    for (const state of ['waiting', 'submitted'] as const) {
      expect(nextStep(state, 'pending').action).toBe('none');
    }
    expect(nextStep('submitted', 'unknown').action).toBe('send_again');
    expect(nextStep('submitted', 'lost').action).toBe('sign_and_send');
  });

  it('lets leaves go only where it calls the anchor forgotten, and never takes a forgotten one back', () => {
    for (const state of states) {
      for (const event of events) {
        const step = nextStep(state, event);
        if (step.action === 'release_leaves') expect(step.state).toBe('forgotten');
        if (state === 'forgotten') expect(step).toEqual({ state: 'forgotten', action: 'none' });
      }
    }
  });

  it('becomes final only by a finalized block', () => {
    for (const state of states.filter((one) => one !== 'final')) {
      const toFinal = events.filter((event) => nextStep(state, event).state === 'final');
      expect(toFinal).toEqual(state === 'forgotten' ? [] : ['finalized']);
    }
  });
});
