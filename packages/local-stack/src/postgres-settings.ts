import { localStackError } from './errors.ts';

/** What decides a server's settings. */
export interface SettingsPlan {
  readonly port: number;
  readonly isTemporary: boolean;
  /** The caller's own; they win over the defaults. */
  readonly further: Readonly<Record<string, string>>;
  /** Of a standby: how it reaches its primary. */
  readonly standby?: { readonly primaryUrl: string; readonly slot: string };
}

/** The file that each start writes anew and that postgresql.conf includes at its end. */
export function renderSettings(plan: SettingsPlan): string {
  const settings = { ...laptopSettings, ...durability(plan), ...plan.further, ...reach(plan) };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${quote(value)}`);
  return `# Written at each start of the local stack; changes here are lost.\n${lines.join('\n')}\n`;
}

/**
 * Refuses what the launcher has to decide itself, and what is no setting's name.
 *
 * @throws LOCAL_STACK_OPTION_INVALID.
 */
export function checkSettings(further: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(further)) {
    const reason = reserved.has(name.toLowerCase())
      ? 'the local stack decides it itself'
      : !/^[a-z_][a-z0-9_.]*$/i.test(name)
        ? 'this is no name of a setting'
        : /[\r\n\0]/.test(value)
          ? 'its value must be one line'
          : undefined;
    if (reason === undefined) continue;
    throw localStackError(
      'LOCAL_STACK_OPTION_INVALID',
      `Cannot use settings.${JSON.stringify(name)}: ${reason}. Remove it.`,
      { facts: { setting: name } },
    );
  }
}

/** A developer's machine: some gigabytes of memory, an SSD, other programs beside. */
const laptopSettings: Readonly<Record<string, string>> = {
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.max': '10000',
  max_connections: '200',
  shared_buffers: '256MB', // Taken from the system only as far as it is used.
  effective_cache_size: '2GB',
  work_mem: '16MB',
  maintenance_work_mem: '256MB',
  random_page_cost: '1.1', // The default of 4 is for turning disks.
  effective_io_concurrency: '200',
  max_wal_size: '2GB', // Fewer checkpoints while a data generator runs.
  track_io_timing: 'on',
  wal_level: 'replica',
  max_wal_senders: '10',
  max_replication_slots: '10',
  // A standby that is gone must not fill the disk with what it has missed; it is built anew.
  max_slot_wal_keep_size: '8GB',
  // How long a standby lets a query of its own hold up the replay.
  max_standby_streaming_delay: '30s',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C', // The launcher reads the log.
};

/** Files of a temporary folder are gone after a crash of the machine anyway: no need to wait for the disk. */
function durability({ isTemporary }: SettingsPlan): Readonly<Record<string, string>> {
  return isTemporary ? { fsync: 'off', full_page_writes: 'off' } : {};
}

function reach({ port, standby }: SettingsPlan): Readonly<Record<string, string>> {
  return {
    port: String(port),
    listen_addresses: '127.0.0.1',
    // TCP alone: a socket's path is limited to 107 bytes, which a folder that the caller names may exceed.
    unix_socket_directories: '',
    logging_collector: 'off',
    ...(standby === undefined
      ? {}
      : { primary_conninfo: standby.primaryUrl, primary_slot_name: standby.slot, hot_standby: 'on' }),
  };
}

const reserved: ReadonlySet<string> = new Set([
  ...['port', 'listen_addresses', 'unix_socket_directories', 'logging_collector', 'hot_standby'],
  ...['primary_conninfo', 'primary_slot_name', 'data_directory', 'hba_file', 'external_pid_file'],
]);

function quote(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
