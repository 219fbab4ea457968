import type { ErrorDescription } from 'ethers';
import { roleName } from './roles.ts';

/** What each refusal of the contracts means for whoever called, and whose turn it is; by the error's name. */
const MEANINGS: Readonly<Record<string, string>> = {
  AccessControlUnauthorizedAccount:
    'The caller has not that role: somebody who has it has to call (chain status lists them).',
  AccessControlBadConfirmation: 'A role is renounced by its own holder alone: name the caller as account.',
  AccessControlEnforcedDefaultAdminRules:
    'The administrator changes in two steps alone: beginDefaultAdminTransfer, then acceptDefaultAdminTransfer.',
  AccessControlEnforcedDefaultAdminDelay:
    'The delay of the handover is not over yet: chain status says from when on it can be accepted.',
  AccessControlInvalidDefaultAdmin: 'Only who was named by beginDefaultAdminTransfer may accept.',
  AlreadyAnchored: 'The root stands already and keeps its first time: there is nothing to do.',
  EmptyRange: 'The first stamp comes after the last one: give the smaller index first.',
  KeyAlreadySet: 'A key id is used once, for ever: make another key.',
  NoAdmin: 'A cooperative needs an administrator: name its address.',
  NoRegistry: 'There is no contract at the address that should be the registry.',
  NotAStampBatch: 'Only a batch of stamps has stamps.',
  NotInCharge:
    'Only the administrator of that cooperative, unless it is suspended, or the alliance may do this. Is the cooperative the right one?',
  NotIssuer:
    'Only the administrator of that cooperative, unless it is suspended, or the alliance may revoke in its name; it has to be admitted.',
  NotProposed:
    'The caller is not who was proposed last, or nothing is proposed: whoever is in charge has to propose (again).',
  RangeTooLong: 'Revoke in several calls of at most 65,536 stamps, or the whole batch by its leaf.',
  ReservedCooperativeId: 'This id stands for the alliance itself: choose another.',
  UnknownKey: 'That cooperative has no key of this id: look at both again.',
  WrongEnd: 'The end has to lie ahead, and before an end that stands. For a theft there is revokeKey.',
  WrongRevocationTime:
    'The time has to lie between the first moment of the key and now, and before a revocation that stands.',
  WrongStanding:
    'One that is unknown can be admitted, one that is admitted suspended, one that is suspended reinstated; all else takes one that was admitted.',
  ZeroCooperativeId: 'Zero is no id.',
  ZeroLeaf: 'Zero is no leaf.',
  ZeroRoot: 'Zero is no root.',
  ZeroTreeSize: 'A tree has at least one leaf.',
};

const STANDINGS = ['unknown', 'admitted', 'suspended'];

/** The contract's own error with its values, and what it means. */
export function refusalOf({ name, fragment, args }: ErrorDescription): string {
  const values = fragment.inputs.map((input, index) => `${input.name} ${wordFor(input.name, args[index])}`);
  const meaning = MEANINGS[name];
  return `${name}(${values.join(', ')}).${meaning === undefined ? '' : ` ${meaning}`}`;
}

function wordFor(name: string, value: unknown): string {
  if (name === 'standing') return STANDINGS[Number(value)] ?? String(value);
  return (name === 'neededRole' ? roleName(String(value)) : undefined) ?? String(value);
}
