import { createReadStream } from 'node:fs';
import type { ProfileFormat } from 'loadline/profiling';
import type { Handlers } from '../contract/index.ts';
import type { ProfilingSessions } from './profiling-sessions.ts';

type ProfilingHandlers = Pick<
  Handlers,
  'startProfiling' | 'stopProfiling' | 'listProfilingSessions' | 'getProfilingSession' | 'getProfile'
>;

/** Answers what is asked about profiles. */
export function profilingHandlers(sessions: ProfilingSessions): ProfilingHandlers {
  return {
    async startProfiling({ body, who }) {
      const session = await sessions.start(body, who ?? nobody);
      return { status: 201, body: session, headers: { location: `/performance/profiling/${session.id}` } };
    },
    stopProfiling: async ({ body }) => ({ status: 200, body: await sessions.stop(body) }),
    async listProfilingSessions({ query }) {
      const { limit, cursor, ...filter } = query;
      const { items, nextCursor } = sessions.list(filter, { limit, cursor });
      return { status: 200, body: { items, ...(nextCursor === undefined ? {} : { nextCursor }) } };
    },
    getProfilingSession: async ({ params }) => ({ status: 200, body: sessions.get(params.sessionId) }),
    async getProfile({ params, query, headers, who }) {
      const { kind, id } = sessions.get(params.sessionId);
      const format =
        query.format ?? (kind === 'heap-snapshot' ? 'heapsnapshot' : preferredFormat(headers.accept));
      if (format === 'heapsnapshot')
        return {
          status: 200,
          isAudited: true,
          text: sessions.takeSnapshot(id, who ?? nobody),
          contentType: 'application/octet-stream',
          headers: { 'content-disposition': `attachment; filename="${id}.heapsnapshot"` },
        };
      const path = sessions.file(id, format);
      const name = {
        top: `${kind}-${id}.json`,
        pprof: `${kind}-${id}.pb.gz`,
        v8: `${kind}-${id}.${kind}profile`,
      };
      return {
        status: 200,
        text: createReadStream(path),
        contentType: format === 'pprof' ? 'application/octet-stream' : 'application/json',
        headers: { 'content-disposition': `attachment; filename="${name[format]}"` },
      };
    },
  };
}

/** The contract lets nobody in without a key. */
const nobody = { keyId: 'nobody', role: 'viewer' } as const;

/** The first form that `Accept` names. */
function preferredFormat(accept: string | undefined): ProfileFormat {
  const types = accept?.split(',').map((part) => part.split(';')[0]?.trim()) ?? [];
  const first = types.find((type) => type === 'application/json' || type === 'application/octet-stream');
  return first === 'application/octet-stream' ? 'pprof' : 'top';
}
