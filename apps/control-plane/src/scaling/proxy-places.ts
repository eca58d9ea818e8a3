import { resolve } from 'node:path';
import { bracketed, type Field, isLoadlineError, type Problem, show } from 'loadline/base';
import { type ListenPlace, parseListenPlace, writeNginxConfiguration } from 'loadline/traffic';

/** A HAProxy that runs already. */
export interface HaproxyPlace {
  /** Of its `stats socket`, level admin. */
  readonly socketPath: string;
  readonly backend: string;
}

/** An nginx of this machine, whose configuration is written as a whole. */
export interface NginxPlace {
  /** It is started with `-p FOLDER -c FOLDER/nginx.conf`. */
  readonly folder: string;
  readonly controlPort: number;
  /** As nginx writes them: `127.0.0.1:8080`. */
  readonly listen: readonly string[];
  readonly command?: string;
  readonly user?: string;
  readonly certificatePath?: string;
  /** Whether a proxy of one's own is before it, which says where clients come from. */
  readonly trustsForwarded?: boolean;
}

/** The proxies before one service. */
export interface ProxyPlaces {
  /** Where a proxy of ours takes its requests and spreads them over its instances; absent: none does. */
  readonly listen?: ListenPlace;
  /** How long a request has there until its answer begins; absent: no limit. Only with `listen`. */
  readonly deadlineMs?: number;
  /** For how long the share of a new instance grows there to its whole one; absent: it has it at once. Only with `listen` or `haproxy`. */
  readonly slowStartMs?: number;
  /** So many requests an instance gets at once, and more wait in a line; absent: any. Only with `listen` or `haproxy`. */
  readonly requestsMax?: number;
  /** How long they wait there; absent: as the proxy has it. Only with `listen` and `requestsMax`. */
  readonly queueTimeoutMs?: number;
  /** Whether a proxy of one's own is before that one, which says where clients come from; absent: no. Only with `listen`. */
  readonly trustsForwarded?: boolean;
  /** Kept in step by orders. */
  readonly haproxy?: HaproxyPlace;
  /** Kept in step by reloads. */
  readonly nginx?: NginxPlace;
}

/** A port of loopback, or `0.0.0.0:8080` where others are to come in. */
export function readListen(field: Field): ListenPlace {
  const { value } = field;
  const isWritten = typeof value === 'number' || typeof value === 'string';
  const place = isWritten ? parseListenPlace(String(value)) : undefined;
  if (place !== undefined && place.port > 0) return place;
  field.problem(
    `must be a port, or an address of this machine with one, like 8080 or 0.0.0.0:8080, got ${show(value)}`,
  );
  return { host: '127.0.0.1', port: 1 };
}

/** @param hasListen whether there is a proxy of ours that could keep it. */
export function readDeadline(field: Field, hasListen: boolean): number {
  if (!hasListen) field.problem('needs listen beside it: HAProxy and nginx have time limits of their own');
  return Math.ceil(field.duration({ above: 0, atMost: deadlineMsMax }));
}

/** Who waits for longer waits for a job, not for an answer. */
const deadlineMsMax = 3_600_000;

/** @param canGrow whether there is a proxy that lets shares grow. */
export function readSlowStart(field: Field, canGrow: boolean): number {
  if (!canGrow)
    field.problem('needs listen or haproxy beside it: nginx gives a new instance its whole share');
  return Math.ceil(field.duration({ atMost: slowStartMsMax }));
}

/** Whoever takes longer to warm up should not say that it is ready. */
const slowStartMsMax = 3_600_000;

/** @param canWait whether there is a proxy in which requests can wait. */
export function readRequestsMax(field: Field, canWait: boolean): number {
  if (!canWait) field.problem('needs listen or haproxy beside it: in nginx no request waits for its turn');
  return field.number({ atLeast: 1, atMost: 1_000_000, whole: true });
}

/** @param hasLine whether there is a line in a proxy of ours. */
export function readQueueTimeout(field: Field, hasLine: boolean): number {
  if (!hasLine)
    field.problem(
      'needs listen and requestsMax beside it: without them nobody waits, and HAProxy has its own',
    );
  return Math.ceil(field.duration({ above: 0, atMost: queueTimeoutMsMax }));
}

/** Hardly anybody waits for so long before an answer even begins. */
const queueTimeoutMsMax = 600_000;

/** @param hasListen whether there is a proxy of ours that could heed it. */
export function readTrust(field: Field, hasListen: boolean): boolean {
  if (!hasListen) field.problem('needs listen beside it: nginx has its own, and HAProxy its configuration');
  return field.boolean();
}

/** @param folder where relative paths start. */
export function readHaproxy(field: Field, folder: string): HaproxyPlace {
  const place = field.object(['socket', 'backend']);
  const backend = place.optional('backend');
  const name = backend?.string() ?? 'service';
  if (!/^[\w.-]{1,64}$/.test(name)) backend?.problem('must be of letters, digits, `.`, `_` and `-`');
  return { socketPath: resolve(folder, place.required('socket').string()), backend: name };
}

/** @param folder where relative paths start. */
export function readNginx(field: Field, folder: string): NginxPlace {
  const place = field.object([
    'folder',
    'controlPort',
    'listen',
    'command',
    'user',
    'certificate',
    'trustsForwarded',
  ]);
  const listen = place.required('listen');
  const places = Array.isArray(listen.value)
    ? listen.array(readListen, { nonEmpty: true })
    : [readListen(listen)];
  const command = place.optional('command')?.string();
  const user = place.optional('user')?.string();
  const certificate = place.optional('certificate')?.string();
  const trustsForwarded = place.optional('trustsForwarded')?.boolean();
  const nginx: NginxPlace = {
    folder: resolve(folder, place.required('folder').string()),
    controlPort: place.required('controlPort').number({ atLeast: 1, atMost: 65_535, whole: true }),
    listen: places.map(writePlace),
    ...(command === undefined ? {} : { command }),
    ...(user === undefined ? {} : { user }),
    ...(certificate === undefined ? {} : { certificatePath: resolve(folder, certificate) }),
    ...(trustsForwarded === undefined ? {} : { trustsForwarded }),
  };
  for (const [key, message] of problemsOf(nginx)) place.required(key).problem(message);
  return nginx;
}

/** What may not stand in a configuration of nginx is known where that is written. */
function problemsOf(nginx: NginxPlace): (readonly ['folder' | 'user' | 'certificate', string])[] {
  try {
    writeNginxConfiguration(nginx);
    return [];
  } catch (error) {
    if (!isLoadlineError(error, 'TRAFFIC_OPTIONS_INVALID')) throw error;
    const told = error.facts.problems as readonly Problem[];
    return told.flatMap(({ path, message }) => {
      const key = keys[String(path[0])];
      return key === undefined ? [] : [[key, message] as const];
    });
  }
}

const keys: Readonly<Record<string, 'folder' | 'user' | 'certificate'>> = {
  folder: 'folder',
  user: 'user',
  certificatePath: 'certificate',
};

/** As it stands in addresses and in configurations. */
function writePlace({ host, port }: ListenPlace): string {
  return `${bracketed(host)}:${port}`;
}

/**
 * Two that listen at one place would take turns at failing, and two that write one configuration, or give orders for one
 * backend, at taking each other's instances out.
 */
export function assertOwnPlaces(
  services: Field,
  found: readonly (ProxyPlaces & { readonly name: string })[],
): void {
  const owners = new Map<string, string>();
  for (const service of found) {
    for (const { place, key, what } of placesOf(service)) {
      const owner = owners.get(place);
      if (owner === undefined) owners.set(place, service.name);
      else {
        const at = services.at(service.name).within(key);
        at.problem(`must be ${what} of its own, and ${owner} has it`);
      }
    }
  }
}

interface OwnPlace {
  readonly place: string;
  readonly key: readonly string[];
  readonly what: string;
}

function placesOf({ listen, haproxy, nginx }: ProxyPlaces): readonly OwnPlace[] {
  return [
    ...(listen === undefined ? [] : [{ place: writePlace(listen), key: ['listen'], what: 'a place' }]),
    ...(haproxy === undefined
      ? []
      : [
          {
            place: `${haproxy.socketPath} ${haproxy.backend}`,
            key: ['haproxy', 'backend'],
            what: 'a backend',
          },
        ]),
    ...(nginx === undefined
      ? []
      : [
          ...nginx.listen.map((place) => ({ place, key: ['nginx', 'listen'], what: 'a place' })),
          { place: nginx.folder, key: ['nginx', 'folder'], what: 'a folder' },
          { place: `127.0.0.1:${nginx.controlPort}`, key: ['nginx', 'controlPort'], what: 'a port' },
        ]),
  ];
}
