import { formatDuration } from '../base/index.ts';
import { evidenceOf, type Finding } from '../metrics/index.ts';
import { connectionsFor, leftWithIndex, mendPart, round } from './models.ts';
import { type Draft, notKnown, percent, type Rule } from './recommendation.ts';

/** What to do about a PostgreSQL and the pools that lead to it. */
export const databaseRules: readonly Rule[] = [
  {
    kind: 'slow statement',
    depth: 'cause',
    explains: ['pool exhausted', 'connections near limit', 'low buffer hit ratio', 'thresholds missed'],
    advise: adviseOnStatement,
  },
  {
    kind: 'long transaction',
    depth: 'cause',
    explains: ['pool exhausted', 'connections near limit'],
    advise: adviseOnTransaction,
  },
  { kind: 'deadlocks', depth: 'cause', explains: ['errors of one endpoint'], advise: adviseOnDeadlocks },
  { kind: 'pool exhausted', depth: 'bottleneck', explains: ['thresholds missed'], advise: adviseOnPool },
  { kind: 'connections near limit', depth: 'bottleneck', explains: [], advise: adviseOnConnections },
  { kind: 'low buffer hit ratio', depth: 'bottleneck', explains: [], advise: adviseOnBuffers },
  { kind: 'replica lags', depth: 'bottleneck', explains: [], advise: adviseOnReplica },
];

function adviseOnStatement(finding: Finding): Draft | undefined {
  const share = evidenceOf(finding, 'shareOfTime');
  const meanMs = evidenceOf(finding, 'meanMs');
  if (share === undefined || meanMs === undefined) return undefined;
  const rows = evidenceOf(finding, 'rowsPerCall') ?? 0;
  const blocks = evidenceOf(finding, 'blocksPerCall') ?? 0;
  const costs = `It takes ${percent(share)} of the time of all statements, ${formatDuration(meanMs)} a call`;
  if (evidenceOf(finding, 'isSequential') !== 1 || blocks === 0) {
    return {
      action: 'Look at the plan of this statement with EXPLAIN (ANALYZE, BUFFERS), and at what it waits for.',
      reasoning: `${costs}. It does not look at many more pages than it needs, so that an index alone is not the answer.`,
      expected: notKnown('a plan was not looked at, and what the statement waits for was not seen'),
      risk: {
        level: 'low',
        what: 'EXPLAIN ANALYZE runs the statement: try one that changes rows elsewhere.',
      },
      confidence: 'medium',
      share,
    };
  }
  return {
    action: 'Give this statement an index for its conditions: build it CONCURRENTLY, then look at its plan.',
    reasoning: `${costs}, and looks at ${round(blocks)} pages for ${round(rows)} rows: it reads what it does not need.`,
    expected: mendPart(share, leftWithIndex(rows, blocks), 'time of all statements'),
    risk: { level: 'medium', what: 'An index takes room, and every write to its table keeps it up to date.' },
    confidence: (evidenceOf(finding, 'calls') ?? 0) >= 1000 ? 'high' : 'medium',
    share,
  };
}

function adviseOnTransaction(finding: Finding): Draft | undefined {
  const longestMs = evidenceOf(finding, 'longestTransactionMs');
  if (longestMs === undefined) return undefined;
  const idleMs = evidenceOf(finding, 'longestIdleInTransactionMs') ?? 0;
  const isIdle = idleMs > longestMs / 2;
  return {
    action: isIdle
      ? 'Find who opens a transaction and then does something else; set idle_in_transaction_session_timeout.'
      : 'Find what runs in this transaction, and do it in smaller parts.',
    reasoning: isIdle
      ? `The oldest transaction is ${formatDuration(longestMs)} old, and for ${formatDuration(idleMs)} one has waited for its client.`
      : `The oldest transaction is ${formatDuration(longestMs)} old.`,
    expected: notKnown('how much of the load waits for it was not seen'),
    risk: { level: 'low', what: 'A limit ends transactions that somebody may still rely on.' },
    confidence: 'medium',
    share: (evidenceOf(finding, 'waitingForLock') ?? 0) > 0 ? 0.5 : 0.1,
  };
}

function adviseOnDeadlocks(finding: Finding): Draft | undefined {
  const deadlocks = evidenceOf(finding, 'deadlocks');
  if (deadlocks === undefined) return undefined;
  return {
    action: 'Take locks in one order everywhere, and repeat the transaction that lost.',
    reasoning: `${round(deadlocks)} transactions were ended because two waited for each other.`,
    expected: {
      kind: 'modelled',
      statement: 'With one order of locks there are no deadlocks: a circle of waiting needs two orders.',
      formula: 'deadlocks after = 0',
      inputs: { deadlocks },
      before: deadlocks,
      after: 0,
      unit: 'count',
    },
    risk: { level: 'low', what: 'A repetition must be safe to repeat.' },
    confidence: 'high',
    share: 0.1,
  };
}

function adviseOnPool(finding: Finding): Draft | undefined {
  const max = evidenceOf(finding, 'connectionsMax');
  if (max === undefined) return undefined;
  const refused = evidenceOf(finding, 'refused') ?? 0;
  const waiting = evidenceOf(finding, 'waiting') ?? 0;
  const rate = evidenceOf(finding, 'ratePerSecond');
  const holdMs = evidenceOf(finding, 'holdMsMean');
  const seen = `${round(waiting)} callers waited for one of ${max} connections and ${round(refused)} got none`;
  if (rate === undefined || holdMs === undefined) {
    return {
      action:
        'Shorten what is done while a connection is held; enlarge the pool only if the server has cores to spare.',
      reasoning: `${seen}.`,
      expected: notKnown('how often and how long connections are held was not measured'),
      risk: {
        level: 'medium',
        what: 'More connections than the server has cores for make every statement slower.',
      },
      confidence: 'low',
      share: 0.5,
    };
  }
  const needed = connectionsFor(rate, holdMs);
  const use = `they are held ${round(rate)} times a second for ${formatDuration(holdMs)}`;
  if (needed <= max) {
    return {
      action: 'Find who holds connections for long now and then: the pool is large enough for the average.',
      reasoning: `${seen}, though ${use}, which needs ${needed}.`,
      expected: notKnown('the mean does not show how long the longest hold is'),
      risk: { level: 'low', what: 'None in looking.' },
      confidence: 'medium',
      share: 0.5,
    };
  }
  const before = (rate * holdMs) / 1000 / max;
  const after = (rate * holdMs) / 1000 / needed;
  return {
    action: `Hold connections for a shorter time, or enlarge the pool from ${max} to ${needed} if the server has cores to spare.`,
    reasoning: `${seen}: ${use}.`,
    expected: {
      kind: 'modelled',
      statement: `With ${needed} connections ${percent(after)} of them would be busy instead of ${percent(before)}, if the server answers as fast to more at once.`,
      formula: 'busy = rate × hold / connections',
      inputs: { rate, 'hold in seconds': holdMs / 1000, connections: max, 'connections after': needed },
      before,
      after,
      unit: 'ratio',
    },
    risk: {
      level: 'medium',
      what: 'More connections than the server has cores for make every statement slower.',
    },
    confidence: 'medium',
    share: Math.min(1, before),
  };
}

function adviseOnConnections(finding: Finding): Draft | undefined {
  const ratio = evidenceOf(finding, 'connectionRatio');
  const connections = evidenceOf(finding, 'connections');
  if (ratio === undefined || connections === undefined) return undefined;
  const idle = evidenceOf(finding, 'idle') ?? 0;
  const isMostlyIdle = idle > connections / 2;
  return {
    action: isMostlyIdle
      ? 'Make the pools of the services smaller, or put a pooler before the server.'
      : 'Find what keeps the connections busy before raising max_connections.',
    reasoning: `${percent(ratio)} of the connections that the server allows are open: ${round(connections)}, of which ${idle === 0 ? 'none is' : idle === 1 ? 'one is' : `${round(idle)} are`} idle.`,
    expected: isMostlyIdle
      ? {
          kind: 'modelled',
          statement: `Without the idle ones ${percent((ratio * (connections - idle)) / connections)} of the connections that the server allows would be open instead of ${percent(ratio)}.`,
          formula: 'after = ratio × (connections − idle) / connections',
          inputs: { ratio, connections, idle },
          before: ratio,
          after: (ratio * (connections - idle)) / connections,
          unit: 'ratio',
        }
      : notKnown('what they are busy with is not among these numbers'),
    risk: { level: 'medium', what: 'Too small a pool lets requests wait for connections.' },
    confidence: isMostlyIdle ? 'high' : 'low',
    share: Math.min(1, ratio),
  };
}

function adviseOnBuffers(finding: Finding): Draft | undefined {
  const hitRatio = evidenceOf(finding, 'hitRatio');
  if (hitRatio === undefined) return undefined;
  return {
    action: 'Look for statements that read whole tables first; then give the server more shared_buffers.',
    reasoning: `${percent(1 - hitRatio)} of the pages were not in the server's memory.`,
    expected: notKnown('how the ratio grows with memory depends on what is read, which was not measured'),
    risk: {
      level: 'medium',
      what: 'A change of shared_buffers needs a restart, and takes memory from the system.',
    },
    confidence: 'low',
    share: 1 - hitRatio,
  };
}

function adviseOnReplica(finding: Finding): Draft | undefined {
  const lagBytes = evidenceOf(finding, 'lagBytes');
  if (lagBytes === undefined) return undefined;
  return {
    action: 'Send no reads there that need fresh rows, and look at its disk, its CPU and its longest query.',
    reasoning: `It is ${round(lagBytes / 1024 / 1024)} MiB of log behind.`,
    expected: notKnown('why it is behind was not seen'),
    risk: { level: 'low', what: 'The other servers get its reads.' },
    confidence: 'medium',
    share: 0.2,
  };
}
