import { trafficError } from '../errors.ts';
import type { SeenUpstream } from '../upstream.ts';

/** One server of a backend, as HAProxy has it. */
export interface HaproxyServer extends SeenUpstream {
  readonly weight: number;
  /** It was taken out of service, so that it can be removed. */
  readonly isInMaintenance: boolean;
  /** It gets nothing new because that was ordered. */
  readonly isDraining: boolean;
  readonly inFlight: number;
  /** Requests at once; undefined where it does not tell, or has no limit. */
  readonly requestsMax: number | undefined;
}

/**
 * Reads what HAProxy says to `show servers state` and `show stat` of one backend. Both are tables that name their columns, so
 * that other versions may have others. Pure.
 *
 * @throws LoadlineError TRAFFIC_PROXY_REFUSED where they are something else.
 */
export function readServers(state: string, stat: string): HaproxyServer[] {
  const figures = new Map(readStat(stat).map((row) => [row.get('svname'), row]));
  return readState(state).map((row): HaproxyServer => {
    const id = cell(row, 'srv_name');
    const known = figures.get(id);
    const admin = number(row, 'srv_admin_state');
    const isInMaintenance = (admin & maintenance) !== 0;
    const isDraining = (admin & drain) !== 0;
    return {
      id,
      host: cell(row, 'srv_addr'),
      port: number(row, 'srv_port'),
      status: isInMaintenance ? 'down' : isDraining ? 'draining' : statusOf(row, known),
      // One that came between the two questions is busy with nothing we know of yet: not with nothing.
      inFlight: known === undefined ? 1 : inFlightOf(known),
      weight: number(row, 'srv_uweight'),
      isInMaintenance,
      isDraining,
      requestsMax: Number(known?.get('slim')) || undefined,
    };
  });
}

/** Bits of `srv_admin_state`: ordered, inherited, by configuration, by a name that does not resolve. */
const maintenance = 0x01 | 0x02 | 0x04 | 0x20 | 0x40;
const drain = 0x08 | 0x10;
/** The value of `srv_op_state` of one that gets nothing. */
const stopped = 0;
/** What stands in `check_status` before the first check has ended, and after a good one; `* ` while the next goes on. */
const notFailed = /^(?:\* )?(?:UNK|INI|L4OK|L6OK|L7OKC?)?$/;

function statusOf(row: Row, known: Row | undefined): SeenUpstream['status'] {
  // Starting, in HAProxy's words, is one whose share grows slowly: it has passed its checks.
  if (number(row, 'srv_op_state') !== stopped) return 'up';
  return notFailed.test(known?.get('check_status') ?? '') ? 'starting' : 'down';
}

/** Requests that are with it, wait for it, or hold a connection to it; the last two are not always the same. */
function inFlightOf(row: Row): number {
  return Math.max(number(row, 'scur'), Number(row.get('used_conn_cur') ?? 0)) + number(row, 'qcur');
}

type Row = ReadonlyMap<string, string>;

function readState(text: string): Row[] {
  const lines = text.split('\n');
  // The first line is the version of the format.
  if (!/^\d+$/.test(lines[0] ?? '') || lines[1]?.startsWith('# ') !== true) throw unreadable(text);
  return rowsOf(lines.slice(1), ' ', stateColumns);
}

function readStat(text: string): Row[] {
  if (!text.startsWith('# ')) throw unreadable(text);
  return rowsOf(text.split('\n'), ',', statColumns);
}

/** Of a hundred that there are. */
const stateColumns = ['srv_name', 'srv_addr', 'srv_port', 'srv_op_state', 'srv_admin_state', 'srv_uweight'];
const statColumns = ['svname', 'scur', 'qcur', 'used_conn_cur', 'slim', 'check_status'];

function rowsOf(
  [heading = '', ...lines]: readonly string[],
  separator: string,
  columns: readonly string[],
): Row[] {
  const names = heading.slice(2).split(separator);
  const places = columns.map((column) => ({ column, at: names.indexOf(column) }));
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const cells = line.split(separator);
      return new Map(places.map(({ column, at }) => [column, cells[at] ?? '']));
    });
}

function cell(row: Row, name: string): string {
  const found = row.get(name);
  if (found === undefined || found === '') throw unreadable(`no ${name}`);
  return found;
}

function number(row: Row, name: string): number {
  const found = Number(cell(row, name));
  if (!Number.isFinite(found)) throw unreadable(`${name} is ${row.get(name)}`);
  return found;
}

function unreadable(found: string): Error {
  const said = found.split('\n')[0]?.slice(0, 200);
  return trafficError('TRAFFIC_PROXY_REFUSED', `HAProxy does not tell its servers: ${said}`, {
    facts: { said },
  });
}
