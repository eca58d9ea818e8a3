// A service with `observe`, and with one function that takes nearly all of its time.
import { createServer } from 'node:http';
import { observe } from 'loadline/observe';

const observer = observe({
  service: 'shop',
  controlKey: process.env.LOADLINE_OBSERVE_KEY,
  health: { checks: {} },
});

const places = Array.from({ length: 3000 }, (_, index) => (index * 7919) % 3000);

function byDistance(one, other) {
  return Math.hypot(one, 1500, 3) - Math.hypot(other, 1500, 3);
}

createServer(
  observer.node((_request, response) => response.end(String(places.toSorted(byDistance)[0]))),
).listen(Number(process.env.PORT), '127.0.0.1', () => console.log(`listening as ${process.pid}`));
process.on('SIGTERM', () => process.exit(0));
