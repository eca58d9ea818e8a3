/**
 * A server that notes when each request came and when it was answered, on the clock that all processes of a
 * machine share. Asked to, it freezes: every `periodMs` from its first request on, in the middle of the period,
 * nothing moves in it for `frozenMs`, as in a long collection of garbage; the kernel goes on taking requests.
 *
 * Messages: `{ port }` out; then for each one in, the stamps since the last.
 */
import { type AddressInfo, createServer } from 'node:net';

/** Of every request, in the order in which they came; milliseconds on the monotonic clock. */
export interface Stamps {
  /** The number that its path is, as in `/17`: its place in the schedule. NaN for any other path. */
  readonly places: Float64Array;
  readonly arrivedMs: Float64Array;
  readonly answeredMs: Float64Array;
}

const [periodMs = 0, frozenMs = 0] = process.argv.slice(2).map(Number);
const body = 'x'.repeat(206);
const answer = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const cell = new Int32Array(new SharedArrayBuffer(4));
let places: number[] = [];
let arrivedMs: number[] = [];
let answeredMs: number[] = [];
let freezing: NodeJS.Timeout | undefined;

const server = createServer({ noDelay: true }, (socket) => {
  // Nobody sends a second request before the first is answered, and each fits a segment: a piece is a request.
  socket.on('data', (request: Buffer) => {
    arrivedMs.push(nowMs());
    socket.write(answer, 'latin1');
    answeredMs.push(nowMs());
    places.push(placeOf(request));
    if (periodMs > 0 && freezing === undefined) freezing = setTimeout(freeze, (periodMs - frozenMs) / 2);
  });
  socket.on('error', () => socket.destroy());
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});

process.on('message', () => {
  process.send?.({
    places: Float64Array.from(places),
    arrivedMs: Float64Array.from(arrivedMs),
    answeredMs: Float64Array.from(answeredMs),
  } satisfies Stamps);
  clearTimeout(freezing);
  freezing = undefined;
  places = [];
  arrivedMs = [];
  answeredMs = [];
});
process.on('disconnect', () => process.exit(0));

/** `GET /17 HTTP/1.1` → 17. */
function placeOf(request: Buffer): number {
  const from = 'GET /'.length;
  return Number.parseInt(request.toString('latin1', from, request.indexOf(' ', from)), 10);
}

function freeze(): void {
  freezing = setTimeout(freeze, periodMs);
  Atomics.wait(cell, 0, 0, frozenMs);
}

function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
