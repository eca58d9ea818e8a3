import {
  encodeProfile,
  type HeapSnapshots,
  type ProfileFormat,
  type ProfileOptions,
  type Profiler,
  profileFormats,
} from '../../profiling/index.ts';
import type { Door, DoorAnswer, DoorRequest } from '../../traffic/index.ts';
import { failureAnswer, jsonAnswer, methodRefusal, problemAnswer, readJson } from './door.ts';
import type { Guard } from './guard.ts';

export interface ProfilesDoorOptions {
  readonly profiler: Profiler;
  readonly snapshots: HeapSnapshots;
  readonly guard: Guard;
}

/** Below which path all this is. */
export const profilesPath = '/loadline/profiles';

/**
 * What the control plane profiles a service through:
 *
 *     GET    /loadline/profiles                      all sessions
 *     POST   /loadline/profiles                      start: kind, durationMs, samplingIntervalUs or samplingBytes
 *     POST   /loadline/profiles/running/stop         stop early, keep the profile
 *     DELETE /loadline/profiles/running              stop and forget
 *     GET    /loadline/profiles/ID                   one session
 *     GET    /loadline/profiles/ID/profile?format=   its profile: pprof, v8 or top
 *     POST   /loadline/profiles/heap-snapshot        a heap snapshot, in the answer: wish
 */
export function profilesDoor({ profiler, snapshots, guard }: ProfilesDoorOptions): Door {
  let aborting = new AbortController();

  async function start(request: DoorRequest): Promise<DoorAnswer> {
    const read = await readJson(request, bodyBytesMax);
    if ('refusal' in read) return read.refusal;
    const abort = new AbortController();
    const session = await profiler.start(read.input as ProfileOptions, abort.signal);
    aborting = abort;
    return jsonAnswer(201, session);
  }

  async function abortRunning(): Promise<DoorAnswer> {
    aborting.abort();
    return jsonAnswer(200, { sessions: await profiler.sessions() });
  }

  async function snapshot(request: DoorRequest): Promise<DoorAnswer> {
    const read = await readJson(request, bodyBytesMax);
    if ('refusal' in read) return read.refusal;
    const wish = (read.input as { readonly wish?: unknown } | null)?.wish;
    const headers = { 'content-type': 'application/octet-stream', ...attachment('heap.heapsnapshot') };
    return { status: 200, headers, body: snapshots.open(String(wish)) };
  }

  async function show(id: string): Promise<DoorAnswer> {
    const session = (await profiler.sessions()).find((each) => each.id === id);
    if (session !== undefined) return jsonAnswer(200, session);
    return problemAnswer(404, 'PROFILING_SESSION_UNKNOWN', `There is no session ${JSON.stringify(id)}.`);
  }

  async function download(id: string, format: string): Promise<DoorAnswer> {
    if (!(profileFormats as readonly string[]).includes(format)) {
      const detail = `format must be one of ${profileFormats.join(', ')}, got ${JSON.stringify(format)}.`;
      return problemAnswer(400, 'OBSERVE_INPUT_INVALID', detail);
    }
    const { contentType, fileName, body } = encodeProfile(
      await profiler.profile(id),
      format as ProfileFormat,
    );
    const headers = { 'content-type': contentType, 'cache-control': 'no-store', ...attachment(fileName) };
    return { status: 200, headers, body };
  }

  async function answer(request: DoorRequest): Promise<DoorAnswer> {
    const [id, what, ...more] = request.path.slice(profilesPath.length + 1).split('/');
    if (more.length > 0) return notFound(request);
    if (id === undefined || id === '') {
      if (request.method === 'POST') return start(request);
      return (
        methodRefusal(request, ['GET', 'POST']) ?? jsonAnswer(200, { sessions: await profiler.sessions() })
      );
    }
    if (id === 'heap-snapshot' && what === undefined) {
      return methodRefusal(request, ['POST']) ?? snapshot(request);
    }
    if (id === 'running') {
      if (what === 'stop') return methodRefusal(request, ['POST']) ?? jsonAnswer(200, await profiler.stop());
      if (what === undefined) return methodRefusal(request, ['DELETE']) ?? abortRunning();
      return notFound(request);
    }
    if (what === undefined) return methodRefusal(request, ['GET']) ?? show(id);
    if (what !== 'profile') return notFound(request);
    return methodRefusal(request, ['GET']) ?? download(id, request.query.get('format') ?? 'pprof');
  }

  return async (request) => {
    if (!guard(request)) return unauthorized;
    return answer(request).catch((error: unknown) => failureAnswer(error, statuses));
  };
}

const bodyBytesMax = 4096;

const statuses: Readonly<Record<string, number>> = {
  PROFILING_OPTIONS_INVALID: 400,
  PROFILING_BUSY: 409,
  PROFILING_NOT_RUNNING: 409,
  PROFILING_NO_PROFILE: 409,
  PROFILING_SNAPSHOT_REFUSED: 409,
  PROFILING_SESSION_UNKNOWN: 404,
  PROFILING_CLOSED: 503,
  PROFILING_FAILED: 500,
};

const unauthorized: DoorAnswer = problemAnswer(
  401,
  'OBSERVE_REFUSED',
  'Profiles want "Authorization: Bearer KEY" with the control key, and nothing else.',
  { headers: { 'www-authenticate': 'Bearer' } },
);

function notFound(request: DoorRequest): DoorAnswer {
  return problemAnswer(404, 'OBSERVE_REFUSED', `There is nothing at ${request.path.slice(0, 200)}.`);
}

function attachment(fileName: string): Record<string, string> {
  return { 'content-disposition': `attachment; filename="${fileName}"`, 'x-content-type-options': 'nosniff' };
}
