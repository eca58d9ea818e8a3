import { whyUnreached, withoutEnd } from '../../base/index.ts';
import type { Outcome } from './next-turn.ts';
import type { Announced } from './options.ts';

/** What of a process the control plane hears. */
export interface Presence extends Pick<Announced, 'url' | 'instance'> {
  readonly service: string;
}

/** The registration at a control plane, each question by itself. Nothing rejects, but where the signal aborts. */
export interface ControlPlane {
  register(presence: Presence, signal: AbortSignal): Promise<Outcome>;
  beat(id: string, signal: AbortSignal): Promise<Outcome>;
  /** It forgets the process at once. */
  remove(id: string, signal: AbortSignal): Promise<void>;
}

/** The one at an address, which is asked over HTTP and follows no redirect. */
export function controlPlaneAt({ controlPlane, key }: Pick<Announced, 'controlPlane' | 'key'>): ControlPlane {
  const base = controlPlane.href.replace(/\/*$/, '');
  const ask = async (
    { method, path, body }: { readonly method: string; readonly path: string; readonly body?: object },
    signal: AbortSignal,
  ): Promise<Outcome> => {
    try {
      const isBeat = method === 'PUT';
      const answer = await fetch(`${base}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // The key is for whoever was named, not for whoever that one names.
        redirect: 'error',
        signal,
      });
      return outcomeOf(answer, { isBeat, text: await answer.text() });
    } catch (cause) {
      signal.throwIfAborted();
      return { kind: 'failed', problem: whyUnreached(cause), retryAfterMs: 0 };
    }
  };
  return {
    register: (body, signal) => ask({ method: 'POST', path: '/instances', body }, signal),
    beat: (id, signal) => ask({ method: 'PUT', path: `${pathOf(id)}/heartbeat` }, signal),
    async remove(id, signal) {
      await ask({ method: 'DELETE', path: pathOf(id) }, signal);
    },
  };
}

function pathOf(id: string): string {
  return `/instances/${encodeURIComponent(id)}`;
}

function outcomeOf(
  answer: Response,
  { isBeat, text }: { readonly isBeat: boolean; readonly text: string },
): Outcome {
  const { id, heartbeatEveryMs, detail } = fieldsOf(text);
  if (answer.ok && typeof id === 'string' && typeof heartbeatEveryMs === 'number')
    return { kind: 'known', id, heartbeatEveryMs };
  if (isBeat && answer.status === 404 && isOurs(answer)) return { kind: 'forgotten' };
  const said = typeof detail === 'string' ? withoutEnd(detail) : 'which is no answer of a control plane';
  const isKeyWrong = answer.status === 401 || answer.status === 403;
  const advice = isKeyWrong ? '; the key must be one of its own, with the role reporter or operator' : '';
  return {
    kind: 'failed',
    problem: `it answered ${answer.status}: ${said}${advice}`,
    // One that is a date asks for nothing.
    retryAfterMs: Number(answer.headers.get('retry-after')) * 1000 || 0,
  };
}

/** A 404 of somebody else, a proxy say, tells nothing of a registration. */
function isOurs({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('application/problem+json') ?? false;
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' && answer !== null ? { ...answer } : {};
  } catch {
    return {};
  }
}
