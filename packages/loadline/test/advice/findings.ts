import type { Evidence, Finding, Review, Severity } from 'loadline/metrics';

/** One finding for each bottleneck that one can plant, with the numbers that its reviewer gives. */
export const planted: Readonly<Record<Planted, Finding>> = {
  sequentialStatement: finding('database orders', 'slow statement', 'critical', {
    shareOfTime: 0.8,
    meanMs: 120,
    calls: 2000,
    rowsPerCall: 6,
    blocksPerCall: 5000,
    isSequential: 1,
  }),
  waitingStatement: finding('database orders', 'slow statement', 'warning', {
    shareOfTime: 0.4,
    meanMs: 80,
    calls: 500,
    rowsPerCall: 6,
    blocksPerCall: 8,
    isSequential: 0,
  }),
  smallPool: finding('service api', 'pool exhausted', 'critical', {
    connectionsMax: 10,
    waiting: 30,
    refused: 5,
    ratePerSecond: 200,
    holdMsMean: 100,
  }),
  largePool: finding('service api', 'pool exhausted', 'critical', {
    connectionsMax: 10,
    waiting: 3,
    refused: 5,
    ratePerSecond: 20,
    holdMsMean: 100,
  }),
  unknownPool: finding('service api', 'pool exhausted', 'critical', {
    connectionsMax: 10,
    waiting: 3,
    refused: 5,
  }),
  smallCache: finding('service api', 'low cache hit ratio', 'warning', {
    hitRatio: 0.6,
    hitRatioTarget: 0.85,
    lookupsPerSecond: 1000,
    evictedPerSecond: 20,
  }),
  briefCache: finding('service bots', 'low cache hit ratio', 'warning', {
    hitRatio: 0.6,
    hitRatioTarget: 0.85,
  }),
  eventLoop: finding('service api', 'event loop saturated', 'critical', {
    eventLoopRatio: 0.9,
    instances: 3,
  }),
  cpu: finding('service bots', 'cpu saturated', 'critical', { cpuRatio: 0.98, instances: 4 }),
  memory: finding('service api', 'memory near limit', 'critical', {
    memoryRatio: 0.96,
    usedBytes: 480e6,
    limitBytes: 500e6,
  }),
  leak: finding('service api', 'memory leak', 'warning', {
    growthBytesPerSecond: 10_000,
    usedBytes: 480e6,
    limitBytes: 500e6,
  }),
  failingEndpoint: finding('endpoint POST /claim', 'errors of one endpoint', 'critical', {
    shareOfErrors: 0.9,
    errorRatioOfAll: 0.02,
    errors: 180,
  }),
  hotFunction: finding('service api, sort (discovery.ts:42)', 'hot function', 'warning', {
    selfShare: 0.6,
    busyRatio: 0.95,
  }),
  testWithCpu: finding('http://127.0.0.1:8080', 'thresholds missed', 'critical', {
    thresholdsMissed: 2,
    instances: 2,
    cpuRatio: 0.99,
  }),
  testWithConnections: finding('http://127.0.0.1:8080', 'thresholds missed', 'critical', {
    thresholdsMissed: 1,
    connectionRatio: 0.97,
  }),
  testWithNothing: finding('http://127.0.0.1:8080', 'thresholds missed', 'critical', { thresholdsMissed: 1 }),
  generator: finding('load test peak', 'generator saturated', 'warning', { requests: 1000 }),
  idleConnections: finding('database orders', 'connections near limit', 'critical', {
    connectionRatio: 0.95,
    connections: 92,
    connectionsMax: 97,
    active: 5,
    idle: 85,
  }),
  busyConnections: finding('database orders', 'connections near limit', 'critical', {
    connectionRatio: 0.95,
    connections: 92,
    connectionsMax: 97,
    active: 90,
    idle: 2,
  }),
  buffers: finding('database orders', 'low buffer hit ratio', 'warning', { hitRatio: 0.7, blocks: 1e6 }),
  idleTransaction: finding('database orders', 'long transaction', 'warning', {
    longestTransactionMs: 600_000,
    longestIdleInTransactionMs: 590_000,
    waitingForLock: 2,
  }),
  deadlocks: finding('database orders', 'deadlocks', 'warning', { deadlocks: 4 }),
  replica: finding('database orders, replica r1', 'replica lags', 'warning', { lagBytes: 1e9 }),
};

export type Planted =
  | 'sequentialStatement'
  | 'waitingStatement'
  | 'smallPool'
  | 'largePool'
  | 'unknownPool'
  | 'smallCache'
  | 'briefCache'
  | 'eventLoop'
  | 'cpu'
  | 'memory'
  | 'leak'
  | 'failingEndpoint'
  | 'hotFunction'
  | 'testWithCpu'
  | 'testWithConnections'
  | 'testWithNothing'
  | 'generator'
  | 'idleConnections'
  | 'busyConnections'
  | 'buffers'
  | 'idleTransaction'
  | 'deadlocks'
  | 'replica';

export function review(findings: readonly Finding[], subject = 'everything'): Review {
  return { subject, findings, unseen: [] };
}

function finding(
  component: string,
  kind: string,
  severity: Severity,
  numbers: Readonly<Record<string, number>>,
): Finding {
  const evidence = Object.entries(numbers).map(
    ([name, value]): Evidence => ({ name, value, unit: 'count', source: 'a test' }),
  );
  return { component, kind, severity, summary: `${kind} of ${component}`, evidence };
}
