import type { Anchorer, RoundsStatus } from './anchoring/index.ts';
import type { Dependency } from './api/health.ts';
import type { Registrar } from './registry/index.ts';

/**
 * What of the chain stands in the way, for /readyz, with what to do. Whoever asks there need not learn an address or what we
 * have: those stand in the log, and for accounts in GET /api/anchors and GET /api/gateways. None is vital: what waits is kept.
 */
export function chainReadiness(
  anchorer: Pick<Anchorer, 'status'>,
  registrar: Pick<Registrar, 'status'>,
): Dependency[] {
  const of = (name: string, check: () => string) => ({ name, vital: false, check: async () => check() });
  return [
    of('chain', () => toldOf(anchorer.status().state)),
    of('gas', () => moneyOf(anchorer.status().funds.state, 'NONGTIN_ANCHORER_KEYSTORE')),
    of('registry', () => {
      const { state, refused } = registrar.status();
      if (state !== 'ok' || refused === 0) return toldOf(state);
      return `refused_orders: another key has the id of ${refused} of ours in the registry: find out who has set it there`;
    }),
    of('registryGas', () => moneyOf(registrar.status().funds.state, 'NONGTIN_COOPERATIVE_KEYSTORE')),
  ];
}

const advice: Readonly<Partial<Record<RoundsStatus['state'], string>>> = {
  unreachable: 'no endpoint answers; look at NONGTIN_RPC_URL if it lasts',
  disagreement: 'endpoints contradict each other; take out the one that lies',
  no_deployment: 'no contracts are deployed yet',
  wrong_chain: 'the endpoint is of another chain than NONGTIN_DEPLOYMENT',
  no_contract: 'the contracts of NONGTIN_DEPLOYMENT are not on this chain',
  no_permission:
    'the contract refuses our account, or we have none: name the right keystore, or have the alliance give it the right',
  not_admitted: 'the alliance has to admit the cooperative on this deployment',
  held: 'keys have to be final in the registry first; if it lasts, the log and GET /api/anchors say whose',
  refused: 'the node does not take the transaction; it is sent again',
  no_funds: 'the account cannot pay for gas: send it some',
  fees_too_high: 'gas costs more than NONGTIN_GAS_MAX_GWEI',
  budget_spent: 'a budget for gas does not reach',
  our_fault: 'something failed in us; see the log',
};

function toldOf(state: RoundsStatus['state']): string {
  const what = advice[state];
  return what === undefined ? state : `${state}: ${what}`;
}

function moneyOf(state: 'unknown' | 'ok' | 'low', keystore: string): string {
  return state === 'low' ? `low: send some to the account of ${keystore}` : 'ok';
}
