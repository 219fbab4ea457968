/**
 * The flows that Node-RED runs. Ids of nodes must not equal any property's value (a node with the id 'json' and a
 * property 'json' are taken for a reference), so all begin with 'n-'.
 */
export type Wiring = 'single' | 'batched';

export interface FlowOptions {
  readonly wiring: Wiring;
  readonly mqttPort: number;
  readonly influxPort: number;
  readonly database: string;
}

interface FlowNode {
  readonly id: string;
  readonly type: string;
  readonly [property: string]: unknown;
}

const TAB = 'n-tab';
const BROKER = 'n-broker';
const DATABASE = 'n-database';

/** Fields and tags, as the palette's output node takes them; the server dates the row. */
const SHAPE_ONE = `const { time, ...fields } = msg.payload;
msg.payload = [fields, { device: msg.topic.split('/')[2] }];
return msg;`;

/** With a time of its own, or rows of one batch would overwrite one another. A string: a number cannot hold nanoseconds. */
const SHAPE_FOR_BATCH = `const { time, ...fields } = msg.payload;
const count = ((context.get('count') || 0) + 1) % 1000000;
context.set('count', count);
msg.payload = {
  measurement: 'readings',
  fields,
  tags: { device: msg.topic.split('/')[2] },
  timestamp: Date.now() + String(count).padStart(6, '0'),
};
return msg;`;

const CLOSE_VALVE = `msg.topic = 'nongtin/v1/' + msg.topic.split('/')[2] + '/valve/command';
msg.payload = { id: String(msg.payload.totalLitres), action: 'close' };
return msg;`;

export function flows(options: FlowOptions): readonly FlowNode[] {
  const pipeline = options.wiring === 'single' ? single() : batched();
  return [{ id: TAB, type: 'tab', label: 'bench' }, ...configuration(options), ...pipeline, ...valve()];
}

function configuration({ mqttPort, influxPort, database }: FlowOptions): FlowNode[] {
  return [
    {
      ...{
        id: BROKER,
        type: 'mqtt-broker',
        broker: '127.0.0.1',
        port: String(mqttPort),
        protocolVersion: '4',
      },
      ...{ clientid: '', autoConnect: true, usetls: false, keepalive: '60', cleansession: true },
    },
    {
      ...{ id: DATABASE, type: 'influxdb', hostname: '127.0.0.1', port: String(influxPort), database },
      ...{ influxdbVersion: '1.x', usetls: false },
    },
  ];
}

/** As most people wire it: a write for every message. */
function single(): FlowNode[] {
  return [
    mqttIn('n-readings', 'nongtin/v1/+/readings', 'n-shape'),
    shape(SHAPE_ONE, 'n-write'),
    inTab({ id: 'n-write', type: 'influxdb out', influxdb: DATABASE, measurement: 'readings', wires: [] }),
  ];
}

/** As a good user wires it: core's join node collects 500 messages, or what came in a quarter of a second. */
function batched(): FlowNode[] {
  return [
    mqttIn('n-readings', 'nongtin/v1/+/readings', 'n-shape'),
    shape(SHAPE_FOR_BATCH, 'n-join'),
    inTab({
      ...{ id: 'n-join', type: 'join', mode: 'custom', build: 'array', property: 'payload' },
      ...{ propertyType: 'msg', key: 'topic', joiner: '', joinerType: 'str', useparts: false },
      ...{ accumulate: false, timeout: '0.25', count: '500', wires: [['n-write']] },
    }),
    inTab({ id: 'n-write', type: 'influxdb batch', influxdb: DATABASE, precision: '', wires: [] }),
  ];
}

/** Any report of a valve is answered by a command to close. */
function valve(): FlowNode[] {
  return [
    mqttIn('n-valve', 'nongtin/v1/+/valve/state', 'n-close'),
    inTab({ id: 'n-close', type: 'function', func: CLOSE_VALVE, outputs: 1, wires: [['n-command']] }),
    inTab({ id: 'n-command', type: 'mqtt out', topic: '', qos: '1', retain: '', broker: BROKER, wires: [] }),
  ];
}

function mqttIn(id: string, topic: string, next: string): FlowNode {
  return inTab({ id, type: 'mqtt in', topic, qos: '1', datatype: 'json', broker: BROKER, wires: [[next]] });
}

function shape(func: string, next: string): FlowNode {
  return inTab({ id: 'n-shape', type: 'function', func, outputs: 1, wires: [[next]] });
}

const inTab = (node: FlowNode): FlowNode => ({ z: TAB, ...node });
