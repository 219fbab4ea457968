export * from './dating.ts';
export * from './entry.ts';
export * from './line-protocol.ts';
export * from './messages.ts';
export * from './metrics.ts';
export * from './records.ts';
export * from './topics.ts';
