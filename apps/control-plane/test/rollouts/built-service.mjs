/** A build of a service: says which one it is, takes its time, and fails as often as it is told. */
import { createServer } from 'node:http';
import { observe } from 'loadline/observe';

const { BUILD, TAKES_MS, FAILS_RATIO = '0', PORT, LOADLINE_OBSERVE_KEY } = process.env;

let isStopping = false;
let asked = 0;
const observer = observe({ service: 'shop', controlKey: LOADLINE_OBSERVE_KEY });
const answer = observer.node((_request, response) => {
  if (isStopping) response.setHeader('connection', 'close');
  asked++;
  const isBad = asked % 100 < Number(FAILS_RATIO) * 100;
  setTimeout(() => response.writeHead(isBad ? 500 : 200).end(BUILD), Number(TAKES_MS));
});
const server = createServer((request, response) => {
  if (request.url !== '/health/ready') return answer(request, response);
  response.statusCode = isStopping ? 503 : 200;
  response.end();
});
server.listen(Number(PORT), '127.0.0.1');
process.on('SIGTERM', () => {
  isStopping = true;
  server.close(() => process.exit(0));
});
