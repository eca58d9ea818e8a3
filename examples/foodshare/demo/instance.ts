/** One instance of the service as a process of the demo: sends its port, ends with the demo. */
import { startFoodshare } from '../src/index.ts';

const { DATABASE_URL, VALKEY_CACHE_URL, FOODSHARE_TOKEN_SECRET } = process.env as Record<string, string>;
const service = await startFoodshare({
  databaseUrl: DATABASE_URL as string,
  valkeyCacheUrl: VALKEY_CACHE_URL as string,
  tokenSecret: FOODSHARE_TOKEN_SECRET as string,
});

let isStopping = false;
function stop(): void {
  if (isStopping) return;
  isStopping = true;
  void service.stop().finally(() => process.exit(0));
}

process.on('SIGTERM', stop);
process.on('disconnect', stop);
process.on('SIGINT', () => undefined);
process.send?.({ port: service.port });
