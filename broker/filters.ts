import type { Client } from 'aedes';

/** Whether a topic filter matches a topic (MQTT 3.1.1, 4.7); a leading wildcard matches no `$` topic (4.7.2). */
export function matchesFilter(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && !filter.startsWith('$')) return false;
  const levels = topic.split('/');
  const parts = filter.split('/');
  for (const [index, part] of parts.entries()) {
    if (part === '#') return true;
    const level = levels[index];
    if (level === undefined || (part !== '+' && part !== level)) return false;
  }
  return parts.length === levels.length;
}

/** What aedes (1.2) knows of a connection's granted filters, and its types leave out. */
interface Granted {
  readonly subscriptions: Readonly<Record<string, { readonly qos?: 0 | 1 | 2 } | undefined>>;
}

/** The highest QoS of a client's filters that match this topic; undefined when none does. */
export function grantedQos(client: Client, topic: string): 0 | 1 | 2 | undefined {
  const { subscriptions } = client as unknown as Granted;
  let granted: 0 | 1 | 2 | undefined;
  for (const [filter, subscription] of Object.entries(subscriptions)) {
    const qos = subscription?.qos ?? 0;
    if ((granted === undefined || qos > granted) && matchesFilter(filter, topic)) granted = qos;
  }
  return granted;
}
