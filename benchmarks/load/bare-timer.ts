/**
 * The least that one thread of Node.js can do to keep a rate: `bare-timer.ts URL RATE SECONDS` writes to 64 open
 * connections, every millisecond as many requests as are due within the next half one.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const [url = '', rate = '', seconds = ''] = process.argv.slice(2);
const { port, host } = new URL(url);
const perMs = Number(rate) / 1000;
const total = Number(rate) * Number(seconds);
const request = `GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`;
const free: Socket[] = [];

// What comes is not looked at: of so short an answer, the first piece is all.
const buffer = Buffer.allocUnsafeSlow(65_536);
for (let connection = 0; connection < 64; connection++) {
  const onread = {
    buffer,
    callback: (): boolean => {
      free.push(socket);
      return true;
    },
  };
  const socket = connect({ host: '127.0.0.1', port: Number(port), noDelay: true, onread });
  await once(socket, 'connect');
  free.push(socket);
}

const startMs = performance.now();
let sent = 0;
const timer = setInterval(() => {
  const due = Math.min(total, (performance.now() - startMs + 0.5) * perMs);
  for (let socket = free.at(-1); sent < due && socket !== undefined; socket = free.at(-1)) {
    free.pop();
    socket.write(request, 'latin1');
    sent++;
  }
  if (sent < total) return;
  clearInterval(timer);
  setTimeout(() => process.exit(0), 500);
}, 1);
