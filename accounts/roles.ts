/** The five roles, in the order people meet them. A user has exactly one. */
export const roles = ['member', 'technician', 'manager', 'alliance_officer', 'auditor'] as const;

export type Role = (typeof roles)[number];

export function isRole(value: unknown): value is Role {
  return roles.some((role) => role === value);
}
