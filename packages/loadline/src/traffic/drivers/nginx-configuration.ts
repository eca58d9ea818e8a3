import { join } from 'node:path';
import { bracketed } from '../../base/index.ts';
import { deadlineHeader } from '../../resilience/index.ts';
import type { WantedUpstream } from '../upstream.ts';
import type { NginxSettings } from './nginx-options.ts';

/**
 * A whole configuration for nginx 1.18 and newer. Pure. Those that drain are in it, so that it says who it has, and get
 * nothing.
 *
 * @param generation what it says that it has loaded.
 */
export function nginxConfiguration(
  settings: NginxSettings,
  { wanted, generation }: { readonly wanted: readonly WantedUpstream[]; readonly generation: string },
): string {
  const { folder, user, workers, stopGraceMs, connectionsMax, controlPort } = settings;
  const isServed = wanted.some((upstream) => !isOut(upstream));
  return `# Written by Loadline, as a whole, at each change: what is changed here by hand does not stay.
${user === undefined ? '' : `user ${user};\n`}pid ${join(folder, 'nginx.pid')};
worker_processes ${workers};
worker_shutdown_timeout ${stopGraceMs}ms;
events { worker_connections ${connectionsMax}; }

http {
  access_log off;
  server_tokens off;
${lines(
  2,
  ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  ),
)}

  # Of upgrades only WebSockets: others would get around what a proxy checks.
  map $http_upgrade $upgrade_upstream {
    '~*^websocket$' websocket;
    default '';
  }
  map $upgrade_upstream $connection_upstream {
    '' '';
    default upgrade;
  }
${settings.trustsForwarded ? `${lines(2, asToldOr)}\n` : ''}
${isServed ? upstreamBlock(settings, wanted) : '  # There is nobody to send requests to.\n'}
  server {
${lines(4, listens(settings))}
${lines(4, isServed ? passing(settings) : ['return 503;'])}
  }

  # Which configuration is loaded, from whoever has loaded it.
  server {
    listen 127.0.0.1:${controlPort};
    location = /generation { return 200 ${generation}; }
    location / { return 404; }
  }
}
`;
}

/** nginx knows no weight of 0. */
function isOut({ mode, weight = 1 }: WantedUpstream): boolean {
  return mode === 'draining' || weight === 0;
}

function upstreamBlock({ zone, upstreamIdleMs }: NginxSettings, wanted: readonly WantedUpstream[]): string {
  // Those of another zone are reserves only where this zone has somebody.
  const isHome = (upstream: WantedUpstream): boolean =>
    zone === undefined || upstream.zone === undefined || upstream.zone === zone;
  const hasHome = wanted.some((upstream) => isHome(upstream) && !isOut(upstream));
  const servers = wanted.map((upstream) => serverLine(upstream, hasHome && !isHome(upstream)));
  const weights = new Set(wanted.filter((upstream) => !isOut(upstream)).map(weightOf));
  return `  upstream service {
    # The workers share what they know, so that connections and turns are counted over all of them.
    zone service 16m;
${weights.size === 1 ? leastConnections : ''}${lines(4, servers)}
    keepalive 64;
    keepalive_timeout ${upstreamIdleMs}ms;
  }
`;
}

/**
 * Only where all weigh alike: else whoever is idle would get the next request, however little it weighs, and the first share
 * of a rollout a multiple of it while few come at a time. Without it they take turns by weight.
 */
const leastConnections = '    least_conn;\n';

/** nginx has whole ones. */
function weightOf({ weight = 1 }: WantedUpstream): number {
  return Math.max(1, Math.round(weight));
}

function serverLine(upstream: WantedUpstream, isReserve: boolean): string {
  const { id, host, port } = upstream;
  const share = isOut(upstream) ? 'down' : `weight=${weightOf(upstream)}`;
  // It has no checks of its own: who fails three requests gets none for ten seconds.
  return `server ${bracketed(host)}:${port} ${share} max_fails=3 fail_timeout=10s${isReserve ? ' backup' : ''}; # ${id}`;
}

function listens({ listen, certificatePath }: NginxSettings): string[] {
  if (certificatePath === undefined) return listen.map((address) => `listen ${address};`);
  return [
    ...listen.map((address) => `listen ${address} ssl http2;`),
    `ssl_certificate ${certificatePath};`,
    `ssl_certificate_key ${certificatePath};`,
  ];
}

function passing(settings: NginxSettings): string[] {
  const { attemptsMax, connectTimeoutMs, responseTimeoutMs } = settings;
  return [
    `client_header_timeout ${settings.headTimeoutMs}ms;`,
    `client_body_timeout ${settings.clientStallMs}ms;`,
    `send_timeout ${settings.clientStallMs}ms;`,
    `keepalive_timeout ${settings.idleTimeoutMs}ms;`,
    // By requests it would end connections in the middle of traffic.
    'keepalive_requests 1000000;',
    'client_max_body_size 0;',
    'location / {',
    '  proxy_pass http://service;',
    '  proxy_http_version 1.1;',
    '  proxy_set_header Host $http_host;',
    '  proxy_set_header Connection $connection_upstream;',
    '  proxy_set_header Upgrade $upgrade_upstream;',
    ...forwarded(settings).map((line) => `  ${line}`),
    // Server-sent events are to arrive when they are sent.
    '  proxy_buffering off;',
    `  proxy_connect_timeout ${connectTimeoutMs}ms;`,
    `  proxy_read_timeout ${responseTimeoutMs}ms;`,
    `  proxy_send_timeout ${responseTimeoutMs}ms;`,
    // What was sent and is no method that may be done twice is not sent again: nginx sees to that by itself.
    '  proxy_next_upstream error timeout;',
    `  proxy_next_upstream_tries ${attemptsMax};`,
    '}',
  ];
}

function forwarded({ trustsForwarded }: NginxSettings): string[] {
  if (trustsForwarded) {
    return [
      'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
      'proxy_set_header X-Forwarded-Host $forwarded_host;',
      'proxy_set_header X-Forwarded-Proto $forwarded_proto;',
    ];
  }
  return [
    'proxy_set_header X-Forwarded-For $remote_addr;',
    'proxy_set_header X-Forwarded-Host $http_host;',
    'proxy_set_header X-Forwarded-Proto $scheme;',
    // What is set to nothing is left out.
    "proxy_set_header Forwarded '';",
    `proxy_set_header ${deadlineHeader} '';`,
  ];
}

/** What the proxy before says, or what is seen here. */
const asToldOr = [
  "map $http_x_forwarded_host $forwarded_host { '' $http_host; default $http_x_forwarded_host; }",
  "map $http_x_forwarded_proto $forwarded_proto { '' $scheme; default $http_x_forwarded_proto; }",
];

function lines(indent: number, of: readonly string[]): string {
  return of.map((line) => `${' '.repeat(indent)}${line}`).join('\n');
}
