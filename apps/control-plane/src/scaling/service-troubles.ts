import { formatDuration } from 'loadline/base';
import type { Fleet, Instance } from 'loadline/scaling';
import type { ProxyView } from './proxy-view.ts';
import type { Trouble } from './troubles.ts';

/** A proxy that is started again, or reloaded, is away for a moment, and nobody need know. */
const awayMs = 5000;
/** As long as an instance is to be ready before its crashes are forgotten. */
const stableMs = 60_000;

/** That instances of a group crash, once for all of them: they mostly do for one reason. None where none does. Pure. */
export function crashesOf(group: string, { instances }: Fleet): Trouble[] {
  const crashed = instances.filter(({ state }) => state === 'waiting');
  if (crashed.length === 0 && !instances.some(isOnTrial)) return [];
  return [
    {
      key: `crashes of ${group}`,
      begun: tellCrashes(group, crashed),
      over: `${group}: no instance has crashed for ${formatDuration(stableMs)}`,
      tellAfterMs: 0,
      restMs: stableMs,
    },
  ];
}

function tellCrashes(group: string, [first, ...others]: readonly Instance[]): string | undefined {
  if (first === undefined) return undefined;
  const { id, remark = 'has ended, and starts again' } = first;
  const told = `${group}: ${id} ${remark}`;
  if (others.length === 0) return told;
  return `${told}; so did ${others.length === 1 ? 'another' : `${others.length} others`}`;
}

/** It was started again, and has not shown yet that it is better than the one before. */
function isOnTrial({ state, restarts }: Instance): boolean {
  return state === 'starting' && restarts > 0;
}

/** That proxies before a service do not answer, or do not do as they are told. Pure. */
export function proxyTroublesOf(service: string, proxies: readonly ProxyView[]): Trouble[] {
  return proxies.flatMap(({ name, isAnswering, trouble }) => {
    if (isAnswering && trouble === undefined) return [];
    const whose = `${service}: ${name}`;
    const limits = { tellAfterMs: awayMs, restMs: awayMs };
    const away: Trouble = {
      key: `${whose} is away`,
      begun: `${whose} does not answer: ${trouble ?? 'it was not asked yet'}`,
      over: `${whose} answers again`,
      ...limits,
    };
    const outOfStep: Trouble = {
      key: `${whose} is out of step`,
      // Who does not answer is not in step again by that.
      begun: isAnswering ? `${whose} answers, and is not in step: ${trouble}` : undefined,
      over: `${whose} is in step again`,
      ...limits,
    };
    return isAnswering ? [outOfStep] : [away, outOfStep];
  });
}
