import { id, ZeroHash } from 'ethers';

/** Which roles a contract has, beside its administrator. */
export const ROLES = {
  anchorRegistry: ['ANCHORER_ROLE', 'GUARDIAN_ROLE'],
  cooperativeRegistry: ['ALLIANCE_ROLE'],
} as const;

/** 32 bytes by which the contracts know a role; undefined: there is none of this name. */
export function roleId(name: string): string | undefined {
  if (name === 'DEFAULT_ADMIN_ROLE') return ZeroHash;
  return Object.values(ROLES).some((roles) => (roles as readonly string[]).includes(name))
    ? id(name)
    : undefined;
}
