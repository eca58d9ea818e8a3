/** Starts the real servers a laptop needs, and the one fault proxy that stands between them and a client. */
export { browserArguments, findBrowser } from './browser.ts';
export { localStackErrorTable } from './errors.ts';
export type { Fault, FaultDirection } from './fault.ts';
export type { FaultProxyCounts, FaultProxyOptions } from './fault-proxy.ts';
export { FaultProxy, startFaultProxy } from './fault-proxy.ts';
export { holdFolder } from './folder-claim.ts';
export type { StartOptions } from './ground.ts';
export type { LocalStack, LocalStackOptions, PostgresStack, ValkeyStack } from './local-stack.ts';
export { startLocalStack } from './local-stack.ts';
export type {
  PostgresCluster,
  PostgresOptions,
  PostgresReplica,
  StartedPostgres,
  StartPostgresOptions,
} from './postgres.ts';
export { startPostgres } from './postgres.ts';
export type { PostgresServer } from './postgres-cluster.ts';
export type { ProxyTarget } from './proxied-connection.ts';
export type { StartedValkey, StartValkeyOptions, ValkeyRole, ValkeyServer } from './valkey.ts';
export { startValkey } from './valkey.ts';
