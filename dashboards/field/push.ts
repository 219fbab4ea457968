import { call } from '../ui/api.ts';

/** Who is signed in, as far as alarms by message go. */
export interface Mine {
  isConfigured: boolean;
  name: string | null;
  channels: string[];
  /** Null: web push is not set up on the gateway. */
  pushKey: string | null;
  subscriptions: number;
}

/** What this browser can do: notifications need HTTPS or localhost, and a browser that has them. */
export type Ability = 'yes' | 'needs_https' | 'not_supported' | 'denied';

export function ability(): Ability {
  if (!window.isSecureContext) return 'needs_https';
  if (!('serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window))
    return 'not_supported';
  return Notification.permission === 'denied' ? 'denied' : 'yes';
}

export async function currentSubscription(): Promise<PushSubscription | null> {
  if (ability() === 'needs_https' || ability() === 'not_supported') return null;
  const registration = await navigator.serviceWorker.getRegistration('/');
  return (await registration?.pushManager.getSubscription()) ?? null;
}

/** Asks the reader, then the push service, then tells the gateway. Rejects with why not. */
export async function subscribe(publicKey: string): Promise<Mine> {
  const registration = await navigator.serviceWorker.register('/diary-worker.js');
  await navigator.serviceWorker.ready;
  const subscription = await registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: publicKey,
  });
  return call<Mine>('/api/notifications/push', subscription.toJSON());
}

export async function unsubscribe(subscription: PushSubscription): Promise<Mine> {
  const { endpoint } = subscription;
  await subscription.unsubscribe();
  return call<Mine>('/api/notifications/push', { endpoint }, 'DELETE');
}
