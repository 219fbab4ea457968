import { readStateFile, writeStateFile } from '@nongtin/service';
import type { PushKeys } from './channels/web-push.ts';

/** This gateway's VAPID keys, made once: browsers are subscribed to them, others would end every subscription. */
export async function openPushKeys(path: string): Promise<PushKeys> {
  const kept = readStateFile(path, isKeys);
  if (kept !== undefined) return kept;
  const { default: webPush } = await import('web-push');
  const keys = webPush.generateVAPIDKeys();
  writeStateFile(path, keys);
  return keys;
}

function isKeys(value: unknown): value is PushKeys {
  const { publicKey, privateKey } = (value ?? {}) as Partial<PushKeys>;
  return typeof publicKey === 'string' && typeof privateKey === 'string';
}
