import { expect, test } from 'vitest';
import { flows, type Wiring } from './flows.ts';

const options = { mqttPort: 1883, influxPort: 8086, database: 'peer' };

test.each<Wiring>(['single', 'batched'])(
  'every wire and reference of the %s flows leads to a node, and no other value is taken for one',
  (wiring) => {
    const nodes = flows({ ...options, wiring });
    const ids = new Set(nodes.map(({ id }) => id));
    expect(ids.size).toBe(nodes.length);
    for (const { id, wires = [], ...rest } of nodes) {
      for (const target of (wires as string[][]).flat()) expect(ids).toContain(target);
      const { z, broker, influxdb, ...plain } = rest as Record<string, unknown>;
      if (id !== 'n-broker' && broker !== undefined) expect(ids).toContain(broker);
      if (influxdb !== undefined) expect(ids).toContain(influxdb);
      for (const value of Object.values(plain)) expect(ids).not.toContain(value);
    }
  },
);
