/** Of notifications.sqlite. Times are ms: `_ms` by the steady clock, `_at_ms` UTC. It holds no address but push subscriptions. */
export const schema = `
  CREATE TABLE IF NOT EXISTS message (
    id TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    channel TEXT NOT NULL,
    priority TEXT NOT NULL,
    content TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    created_at_ms INTEGER NOT NULL,
    changed_at_ms INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    next_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    reason TEXT,
    reference TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS message_open ON message (channel, next_ms) WHERE state IN ('waiting', 'sent');
  CREATE INDEX IF NOT EXISTS message_newest ON message (created_at_ms);
  CREATE TABLE IF NOT EXISTS alarm (alarm_id TEXT PRIMARY KEY, known TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS told (
    alarm_id TEXT NOT NULL,
    person TEXT NOT NULL,
    channel TEXT NOT NULL,
    times INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    last TEXT NOT NULL,
    message_id TEXT NOT NULL,
    reached INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (alarm_id, person, channel)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS told_message ON told (message_id);
  CREATE TABLE IF NOT EXISTS bucket (
    person TEXT NOT NULL, channel TEXT NOT NULL, tokens REAL NOT NULL, at_ms INTEGER NOT NULL,
    PRIMARY KEY (person, channel)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS subscription (
    endpoint TEXT PRIMARY KEY, account TEXT NOT NULL, p256dh TEXT NOT NULL, auth TEXT NOT NULL, at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS clock (one INTEGER PRIMARY KEY CHECK (one = 1), steady_ms INTEGER NOT NULL) STRICT;
`;
