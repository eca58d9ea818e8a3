import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isLoadlineError, sleep, systemClock } from 'loadline/base';
import type pg from 'pg';
import { copyDataFolder } from './data-copy.ts';
import type { Ground } from './ground.ts';
import type { KeptProcess } from './keeper.ts';
import { launch } from './launch.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import {
  type Cluster,
  type PostgresServer,
  serverCommand,
  settingsFile,
  urlOf,
  writePrivate,
} from './postgres-cluster.ts';
import { oneRow, withSession } from './postgres-session.ts';
import { renderSettings } from './postgres-settings.ts';

/** What a standby is made from. */
export interface StandbyPlan {
  readonly ground: Ground;
  readonly binaries: PostgresBinaries;
  readonly cluster: Cluster;
  readonly primary: PostgresServer;
  /** From 1. */
  readonly number: number;
  readonly further: Readonly<Record<string, string>>;
}

/** A standby that runs. */
export interface Standby {
  readonly server: PostgresServer;
  readonly process: KeptProcess;
}

/**
 * Brings up a streaming standby: the kept one, or a new copy where there is none or it cannot follow its
 * primary any more. Ready means that it reads, streams, and has replayed what the primary had written when it
 * was asked.
 */
export async function startStandby(plan: StandbyPlan): Promise<Standby> {
  const { ground, number } = plan;
  ground.progress(`Starting replica ${number} of PostgreSQL`);
  if (await canFollow(plan)) {
    try {
      return await launchStandby(plan, keptLimitMs);
    } catch (error) {
      ground.signal.throwIfAborted();
      if (!isLoadlineError(error) || isLoadlineError(error, 'LOCAL_STACK_KEEPER_LOST')) throw error;
    }
  }
  ground.progress(`Copying PostgreSQL's data for replica ${number}`);
  await build(plan);
  return launchStandby(plan, builtLimitMs);
}

/** A kept standby ended together with its primary, so that it has little to catch up with. */
const keptLimitMs = 30_000;
const builtLimitMs = 120_000;

/** Ends a standby and removes what it had, so that the primary keeps no log for it. Where it has ended already, the rest. */
export async function removeStandby(plan: StandbyPlan, { process }: Standby): Promise<void> {
  await process.end();
  await withSession(plan.primary.url, (session) => dropSlot(session, slotOf(plan), plan.ground.signal));
  await rm(folderOf(plan), { recursive: true, force: true });
}

/** Removes kept standbys that this start does not want: their slots would hold back the primary's log. */
export async function removeOtherStandbys(ground: Ground, primaryUrl: string, wanted: number): Promise<void> {
  const slots = await withSession(primaryUrl, async (session) => {
    const { rows } = await session.query<{ slot: string }>(
      `SELECT slot_name AS slot FROM pg_replication_slots WHERE slot_name ~ '^replica_[0-9]+$' AND NOT active`,
    );
    const others = rows.map(({ slot }) => slot).filter((slot) => Number(slot.slice(8)) > wanted);
    for (const slot of others) await session.query('SELECT pg_drop_replication_slot($1)', [slot]);
    return others;
  });
  for (const slot of slots) {
    await rm(ground.path(slot.replace('_', '-')), { recursive: true, force: true });
  }
}

const nameOf = ({ number }: StandbyPlan): string => `replica-${number}`;
const slotOf = ({ number }: StandbyPlan): string => `replica_${number}`;
const folderOf = (plan: StandbyPlan): string => plan.ground.path(nameOf(plan));

/** Whether a kept standby is worth a try: it still is one, and the primary has kept what it lacks. */
async function canFollow(plan: StandbyPlan): Promise<boolean> {
  if (plan.cluster.isNew) return false;
  for (const file of ['PG_VERSION', 'standby.signal']) {
    const isThere = await access(join(folderOf(plan), file)).then(
      () => true,
      () => false,
    );
    if (!isThere) return false; // Never made; or promoted, and then on a timeline of its own.
  }
  return withSession(plan.primary.url, async (session) => {
    const { rowCount } = await session.query(
      `SELECT FROM pg_replication_slots WHERE slot_name = $1 AND wal_status NOT IN ('unreserved', 'lost')`,
      [slotOf(plan)],
    );
    return rowCount === 1;
  });
}

/**
 * A base backup without pg_basebackup, which the npm package lacks. The slot comes first: it keeps all of the
 * log from before the copy until the standby has it.
 */
async function build(plan: StandbyPlan): Promise<void> {
  const { ground, cluster, primary } = plan;
  const slot = slotOf(plan);
  await rm(folderOf(plan), { recursive: true, force: true });
  await ground.fillFolder(nameOf(plan), async (target) => {
    await withSession(primary.url, async (session) => {
      await dropSlot(session, slot, ground.signal);
      await session.query('SELECT pg_create_physical_replication_slot($1, true)', [slot]);
      // At once: without "fast" the checkpoint would be spread over minutes.
      await session.query('SELECT pg_backup_start($1, fast => true)', [slot]);
      await copyDataFolder(cluster.folder, target, ground);
      const { label } = await oneRow<{ label: string }>(
        session,
        'SELECT labelfile AS label FROM pg_backup_stop(wait_for_archive => false)',
      );
      await writePrivate(join(target, 'backup_label'), label, ground.account);
      await writePrivate(join(target, 'standby.signal'), '', ground.account);
    });
  });
}

/**
 * Drops a slot, where there is one. A standby that has just ended leaves a process of the primary's that holds the
 * slot until it notices, so this is tried again for a while.
 */
export async function dropSlot(session: pg.Client, slot: string, signal: AbortSignal): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + slotHeldLimitMs;
  for (;;) {
    try {
      await session.query(
        'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1',
        [slot],
      );
      return;
    } catch (error) {
      const isHeld = (error as Partial<pg.DatabaseError>).code === objectInUse;
      if (!isHeld || systemClock.monotonicMs() > deadlineMs) throw error;
    }
    await sleep(systemClock, 50, signal);
  }
}

const objectInUse = '55006';
const slotHeldLimitMs = 2000;

async function launchStandby(plan: StandbyPlan, limitMs: number): Promise<Standby> {
  const { ground, binaries, cluster, primary, further } = plan;
  const folder = folderOf(plan);
  const { lsn } = await withSession(primary.url, (session) =>
    oneRow<{ lsn: string }>(session, 'SELECT pg_current_wal_lsn()::text AS lsn'),
  );
  const standby = { primaryUrl: `${primary.url}?application_name=${nameOf(plan)}`, slot: slotOf(plan) };
  const { port, process } = await launch(ground, {
    prepare: async (port) => {
      const settings = renderSettings({ port, isTemporary: ground.isTemporary, further, standby });
      await writePrivate(join(folder, settingsFile), settings, ground.account);
      return serverCommand(ground, binaries, nameOf(plan), folder);
    },
    isReady: (port) => hasCaughtUp(urlOf(port, cluster), folder, lsn),
    limitMs,
  });
  return { server: { url: urlOf(port, cluster), port, pid: process.pid, folder }, process };
}

function hasCaughtUp(url: string, folder: string, lsn: string): Promise<boolean> {
  return withSession(url, async (session) => {
    const { ready } = await oneRow<{ ready: boolean }>(
      session,
      `SELECT current_setting('data_directory') = $1
          AND pg_is_in_recovery()
          AND COALESCE(pg_last_wal_replay_lsn() >= $2::pg_lsn, false)
          AND EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming') AS ready`,
      [folder, lsn],
    );
    return ready;
  });
}
