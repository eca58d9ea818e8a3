import { readFileSync } from 'node:fs';
import { bracketed, kindOfAddress } from '../base/index.ts';

/** Where the API server is, and what opens it. */
export interface KubernetesAccess {
  readonly url: URL;
  /** Read for each request: tokens are renewed about every hour. Without it none is sent. */
  readonly tokenFile?: string;
  /** Who is trusted to have signed the server's certificate, as PEM; read for each request. Default: what Node.js trusts. */
  readonly caFile?: string;
  /** The one that is meant where none is named. */
  readonly namespace: string;
}

/**
 * Where an API server may be asked; undefined for anything else. In plain text only within this machine, where `kubectl proxy` stands:
 * whoever reads the token could do all that it may.
 */
export function apiAddress(text: string): URL | undefined {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.search !== '') return undefined;
  const isNear = url.hostname === 'localhost' || kindOfAddress(url.hostname) === 'loopback';
  return url.protocol === 'https:' || (url.protocol === 'http:' && isNear) ? url : undefined;
}

/** Where a pod finds what its service account has. */
const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** How a pod reaches the API server of its cluster; undefined where this is no pod. */
export function podAccess(
  env: Readonly<Record<string, string | undefined>>,
  folder: string = accountFolder,
): KubernetesAccess | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  if (!host || !port) return undefined;
  const place = `https://${bracketed(host)}:${port}`;
  if (!URL.canParse(place)) return undefined;
  return {
    url: new URL(place),
    tokenFile: `${folder}/token`,
    caFile: `${folder}/ca.crt`,
    namespace: namespaceIn(folder),
  };
}

/** Where an account was not mounted, requests fail by the token that is not there, and say so. */
function namespaceIn(folder: string): string {
  try {
    return readFileSync(`${folder}/namespace`, 'utf8').trim() || 'default';
  } catch {
    return 'default';
  }
}
