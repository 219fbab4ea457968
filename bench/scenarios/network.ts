import { twoZones } from './farms.ts';
import { atDawn } from './programs.ts';
import type { FarmScenario } from './scenario.ts';
import { cameAgain, cameLate, neverCame, wereOvertaken } from './traces.ts';

const given = { farm: twoZones, own: { program: atDawn }, length: 'PT3H' } as const;
const both = { n1: [1_000, 1_450], n2: [850, 1_150] } as const;

/** Messages that come late, never, twice or in another order. */
export const network: readonly FarmScenario[] = [
  {
    name: 'messages-seconds-late',
    title: 'Every message comes two to four seconds late',
    ...given,
    faults: [{ fault: 'messages-late', at: 'PT2M', seconds: 2, spreadSeconds: 2 }],
    expect: { litres: both, traces: [cameLate(2, 500)] },
  },
  {
    name: 'very-late-messages',
    title: 'Every message comes twenty seconds late',
    ...given,
    faults: [{ fault: 'messages-late', at: 'PT2M', seconds: 20 }],
    expect: {
      litres: { n1: [0, 0], n2: [0, 0] },
      alarms: ['well master_no_answer'],
    },
    fallsShort: 'nothing is watered while the network takes longer than a pump may take to answer',
  },
  {
    name: 'three-in-ten-lost',
    title: 'Three of ten messages are lost, commands too',
    ...given,
    faults: [{ fault: 'messages-lost', at: 'PT2M', rate: 0.3 }],
    expect: {
      litres: { n1: [1_000, 1_450], n2: [850, 1_300] },
      mayRaise: ['well source_silent', 'n1 valve_silent', 'n2 valve_silent'],
      traces: [neverCame(100)],
    },
  },
  {
    name: 'duplicated-messages',
    title: 'Half of the messages come twice',
    ...given,
    faults: [{ fault: 'messages-duplicated', at: 'PT2M', rate: 0.5, afterSeconds: 7 }],
    expect: { litres: both, starts: { n1: [1, 1], n2: [1, 1] }, traces: [cameAgain(300)] },
  },
  {
    name: 'reordered-messages',
    title: 'Half of the messages are held back, and newer ones come first',
    ...given,
    faults: [{ fault: 'messages-reordered', at: 'PT2M', rate: 0.5, withinSeconds: 20 }],
    expect: { litres: both, traces: [wereOvertaken(80)] },
  },
  {
    name: 'wifi-loss-of-a-valve',
    title: 'A valve loses its Wi-Fi in a run and comes back after an hour',
    ...given,
    faults: [{ fault: 'wifi-loss', at: 'PT15M7S', for: 'PT1H', target: 'valve-n1' }],
    expect: { litres: { n1: [900, 1_050], n2: [1_000, 1_300] }, alarms: ['n1 valve_silent'] },
  },
  {
    name: 'wifi-loss-of-the-pump',
    title: 'The pump loses its Wi-Fi in a run: its lease stops it',
    ...given,
    faults: [{ fault: 'wifi-loss', at: 'PT15M7S', for: 'PT1H', target: 'pump-1' }],
    expect: { litres: { n1: [1_200, 1_400], n2: [950, 1_150] }, alarms: ['well source_silent'] },
  },
];
