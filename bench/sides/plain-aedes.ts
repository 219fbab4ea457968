import { once } from 'node:events';
import { createServer } from 'node:net';
import process from 'node:process';
import { Aedes } from 'aedes';

/**
 * aedes as it comes, a process of its own: everybody is let in and may do everything, and an acknowledgement means
 * received. Listens on the port it is given.
 */
const aedes = await Aedes.createBroker();
const server = createServer({ noDelay: true }, (socket) => aedes.handle(socket));
server.listen(Number(process.argv[2]), '127.0.0.1');
await once(server, 'listening');
