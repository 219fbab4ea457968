import { id, ZeroHash } from 'ethers';
import type { ContractName } from '../../artifacts.ts';

/** Which roles a contract has, beside its administrator. */
export const ROLES = {
  anchorRegistry: ['ANCHORER_ROLE', 'GUARDIAN_ROLE'],
  cooperativeRegistry: ['ALLIANCE_ROLE'],
} as const;

/** All that a contract knows. Any other can be given there, to no effect. */
export function rolesOf(contract: ContractName): readonly string[] {
  const roles = contract === 'AnchorRegistry' ? ROLES.anchorRegistry : ROLES.cooperativeRegistry;
  return [...roles, 'DEFAULT_ADMIN_ROLE'];
}

/** 32 bytes by which the contracts know a role. */
export function roleId(name: string): string {
  return name === 'DEFAULT_ADMIN_ROLE' ? ZeroHash : id(name);
}

/** The other way round; undefined: none of ours. */
export function roleName(roleHash: string): string | undefined {
  const all = [...rolesOf('AnchorRegistry'), ...rolesOf('CooperativeRegistry')];
  return all.find((name) => roleId(name) === roleHash.toLowerCase());
}
