import { flowPlansOf } from '../flow-plan.ts';
import type { LoadPlan } from '../plan.ts';
import { sessionProtocolsOf } from '../session-protocols.ts';

/** What this machine has for making load. */
export interface MachineLimits {
  readonly cores: number;
  /** How many files a process may have open; each connection of a user is one. */
  readonly filesMax: number;
}

/** How many processes are to make a load. */
export interface WorkerCount {
  /** 1 is this process alone. */
  readonly count: number;
  /** Why it cannot be so; for people. */
  readonly problem: string | undefined;
}

/**
 * Chooses how many processes make a load: as many as asked for, or with `auto` one a core, and more where so many
 * users need more files than a process may open. Where nothing is asked for, one: more are started only where
 * one could not hold the users.
 */
export function countWorkers(
  plan: LoadPlan,
  asked: number | 'auto' | undefined,
  { cores, filesMax }: MachineLimits,
): WorkerCount {
  const users = usersAtMost(plan);
  const connectionsPerUser = sessionProtocolsOf(plan).length > 0 ? 2 : 1;
  const usersPerWorker = Math.max(1, Math.floor((filesMax - filesInReserve) / connectionsPerUser));
  const needed = Math.ceil(users / usersPerWorker);
  if (asked === undefined) return { count: Math.max(1, needed), problem: undefined };
  if (asked === 'auto') return { count: Math.max(cores, needed), problem: undefined };
  const problem =
    asked < needed
      ? `${users} users need at least ${needed} workers: a process may open ${filesMax} files here, of which ${filesInReserve} are kept in reserve${connectionsPerUser === 2 ? ', and a user with sessions has two connections' : ''}`
      : undefined;
  return { count: asked, problem };
}

/** How many users a run may have at once. */
export function usersAtMost(plan: LoadPlan): number {
  const schedules = flowPlansOf(plan).map(({ schedule }) => schedule);
  const closed = schedules.reduce((sum, { usersPeak }) => sum + usersPeak, 0);
  return schedules.some(({ arrivals }) => arrivals > 0) ? Math.max(closed, plan.limits.usersMax) : closed;
}

/** For what a process has open besides: modules, results, its own channels. */
const filesInReserve = 200;
