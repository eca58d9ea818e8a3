import { Session } from 'node:inspector/promises';
import type { Engine, Sampling } from '../engine.ts';
import { createLocalProfiler, type LocalProfilerOptions } from '../local-profiler.ts';
import type { Profiler } from '../profiler.ts';
import type { Profile } from '../v8-profile.ts';

/** Profiles this process through V8's own inspector, which needs no port and no flag. Whoever made it closes it. */
export function createInspectorProfiler(options: LocalProfilerOptions = {}): Profiler {
  return createLocalProfiler(inspectorEngine, options);
}

const inspectorEngine: Engine = {
  async start({ kind, samplingIntervalUs, samplingBytes }) {
    const session = new Session();
    session.connect();
    const start = kind === 'cpu' ? startCpu(session, samplingIntervalUs) : startHeap(session, samplingBytes);
    // A session that stays connected keeps what it has collected.
    return start.catch((error: unknown) => {
      session.disconnect();
      throw error;
    });
  },
};

async function startCpu(session: Session, samplingIntervalUs: number): Promise<Sampling> {
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: samplingIntervalUs });
  await session.post('Profiler.start');
  return samplingOf(session, async () => {
    const { profile } = await session.post('Profiler.stop');
    // Its types let both be absent, which they are not while sampling.
    const { samples = [], timeDeltas = [] } = profile;
    return { kind: 'cpu', v8: { ...profile, samples, timeDeltas } };
  });
}

/** What is no longer in use is collected before the profile is read, so it holds what was kept. */
async function startHeap(session: Session, samplingBytes: number): Promise<Sampling> {
  await session.post('HeapProfiler.enable');
  await session.post('HeapProfiler.startSampling', { samplingInterval: samplingBytes });
  return samplingOf(session, async () => {
    const { profile } = await session.post('HeapProfiler.stopSampling');
    return { kind: 'heap', v8: profile };
  });
}

function samplingOf(session: Session, stop: () => Promise<Profile>): Sampling {
  return {
    async stop() {
      try {
        return await stop();
      } finally {
        session.disconnect();
      }
    },
    // Disconnecting ends whatever the session had started.
    discard: async () => session.disconnect(),
  };
}
