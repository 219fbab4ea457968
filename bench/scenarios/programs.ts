import type { DepletionProgram, Program } from '../../edge/irrigation/programs/program.ts';

/** Programs that scenarios share. */
export const atDawn: Program = { id: 'dawn', kind: 'clock', runSeconds: 1_200, starts: [{ at: '05:10' }] };
export const dawnAndDusk: Program = {
  id: 'dawn-and-dusk',
  kind: 'clock',
  runSeconds: 1_200,
  starts: [{ at: '05:10' }, { at: '17:00' }],
};
export const byNeed: Program = { id: 'by-need' };
export const byNeedAtDawn: DepletionProgram = {
  id: 'by-need-at-dawn',
  windows: [{ start: '04:00', end: '08:00' }],
};
