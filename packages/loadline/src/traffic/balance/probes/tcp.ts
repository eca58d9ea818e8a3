import { connect } from 'node:net';
import type { Probe } from './probe.ts';

/** Content with a connection. */
export const tcpProbe: Probe = ({ host, port }, signal) =>
  new Promise((resolve) => {
    const socket = connect({ host, port, signal });
    socket.once('connect', () => {
      socket.destroy();
      resolve({ kind: 'good' });
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      resolve({ kind: 'bad', because: error.code ?? error.message }),
    );
  });
