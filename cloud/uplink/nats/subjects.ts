import { matchTopic, type TopicMatch, type TopicName, topicOf, topics } from '@nongtin/broker/wire';

/**
 * MQTT topics as NATS names them: the server puts a dot for each slash. Identities hold no dot, so the way back is as
 * plain.
 */
export function subjectOf(name: TopicName, gateway: string): string {
  return topicOf(name, gateway).replaceAll('/', '.');
}

/** The subject of this topic for all gateways. */
export function subjectOfAll(name: TopicName): string {
  return topics[name].pattern.replace('{gateway}', '*').replaceAll('/', '.');
}

export function matchSubject(subject: string): TopicMatch | undefined {
  return matchTopic(subject.replaceAll('.', '/'));
}

/** All that a gateway says and hears. */
export function ownSubjects(gateway: string): string {
  return `${subjectOf('uplinkEntries', gateway).split('.').slice(0, -1).join('.')}.>`;
}
