import { type Static, Type } from 'typebox';
import { Reason } from './reason.ts';

/** What has become of a message to a person about alarms: who was told, by what, when. Never an address. */
export const NotificationRecord = Type.Object({
  kind: Type.Literal('notification'),
  atMs: Type.Integer(),
  messageId: Type.String(),
  /** Id of the person in the gateway's own list. */
  person: Type.String(),
  /** web_push, telegram, zalo, email, webhook or sms. */
  channel: Type.String(),
  priority: Type.String(),
  /** The service's word: it delivers, it will not; or nobody needs it any more, or it is too late. */
  state: Type.Union([Type.Literal('accepted'), Type.Literal('failed'), Type.Literal('given_up')]),
  attempts: Type.Integer({ minimum: 0 }),
  /** How many alarms it tells of; 0: a test. */
  alarms: Type.Integer({ minimum: 0 }),
  /** Of the first of them. */
  alarmIds: Type.Array(Type.String()),
  reason: Type.Optional(Reason),
});
export type NotificationRecord = Static<typeof NotificationRecord>;
