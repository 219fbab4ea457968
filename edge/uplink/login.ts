import { join } from 'node:path';
import { IDENTITY } from '@nongtin/broker/wire';
import { readStateFile } from '@nongtin/service';

export interface UplinkLogin {
  readonly gateway: string;
  readonly password: string;
}

/**
 * Who this gateway is to the cloud: uplink.json in its folder, as the cooperative's manager was given it when the
 * gateway was registered; in the demo its own. Undefined: this farm has no cloud.
 */
export function uplinkLogin(folder: string, demo: UplinkLogin | undefined): UplinkLogin | undefined {
  return readStateFile(join(folder, 'uplink.json'), isLogin) ?? demo;
}

function isLogin(value: unknown): value is UplinkLogin {
  const { gateway, password } = (value ?? {}) as Partial<UplinkLogin>;
  return typeof gateway === 'string' && IDENTITY.test(gateway) && typeof password === 'string';
}
