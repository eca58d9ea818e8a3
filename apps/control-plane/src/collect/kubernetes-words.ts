import { readFileSync } from 'node:fs';
import type { Field } from 'loadline/base';
import { apiAddress, type KubernetesAccess, podAccess, selectorProblem } from 'loadline/kubernetes';
import type { PodService } from './pod-instances.ts';

/** Whose pods are watched, and where they are asked for. */
export interface KubernetesWatch {
  readonly access: KubernetesAccess;
  readonly services: readonly PodService[];
}

const servicesMax = 50;
const example = 'shop=app.kubernetes.io/name=shop; port=9000; namespace=shop';

/**
 * Reads `--watch-kubernetes`, and `--kubernetes-api`, `--kubernetes-token-file` and `--kubernetes-ca-file`, without which it is as
 * a pod that the API server is asked.
 */
export function readKubernetesWatch(root: Field): KubernetesWatch | undefined {
  const field = root.at('watch-kubernetes');
  const access = readAccess(root);
  if (field.value === undefined) return undefined;
  const services = field.array(readPodService);
  if (services.length > servicesMax) field.problem(`may be given at most ${servicesMax} times`);
  if (access !== undefined) return { access, services };
  field.problem('needs --kubernetes-api where this is no pod: `kubectl proxy` makes http://127.0.0.1:8001');
  return undefined;
}

/** `NAME=SELECTOR`, and after semicolons how its pods are reached. */
function readPodService(item: Field): PodService {
  const [named = '', ...settings] = item.string().split(';');
  const at = named.indexOf('=');
  const service = named.slice(0, Math.max(0, at)).trim();
  if (service === '' || service.length > 100 || /[\p{C}/]/u.test(service))
    item.problem(`must be a name and a selector of labels, like ${example}`);
  const selector = named.slice(at + 1).trim();
  const wrong = selectorProblem(selector);
  if (at > 0 && wrong !== undefined) item.problem(`has a selector that ${wrong}`);
  const found = new Map(settings.flatMap((text) => readSetting(item, text)));
  const port = found.get('port');
  const path = found.get('path');
  const namespace = found.get('namespace');
  return {
    service,
    selector,
    scheme: found.get('scheme') === 'https' ? 'https' : 'http',
    ...(port === undefined ? {} : { port: /^\d+$/.test(port) ? Number(port) : port }),
    ...(path === undefined ? {} : { path }),
    ...(namespace === undefined ? {} : { namespace }),
  };
}

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** What each setting may be, and how to say so. */
const settingsKnown: Readonly<Record<string, readonly [fits: (value: string) => boolean, must: string]>> = {
  port: [
    (value) => (/^\d+$/.test(value) ? Number(value) >= 1 && Number(value) <= 65_535 : label.test(value)),
    'a number from 1 to 65535, or the name of a port of its containers',
  ],
  path: [(value) => /^\/[\w./~%+-]{0,500}$/.test(value), 'a path like /metrics'],
  namespace: [(value) => label.test(value), 'the name of a namespace'],
  scheme: [(value) => value === 'http' || value === 'https', 'http or https'],
};

function readSetting(item: Field, text: string): [string, string][] {
  if (text.trim() === '') return [];
  const at = text.indexOf('=');
  const key = text.slice(0, Math.max(0, at)).trim();
  const value = text.slice(at + 1).trim();
  const known = Object.hasOwn(settingsKnown, key) ? settingsKnown[key] : undefined;
  if (known === undefined) {
    const names = Object.keys(settingsKnown).join(', ');
    item.problem(
      `has ${JSON.stringify(text.trim())}; after the selector there may be ${names}, like ${example}`,
    );
    return [];
  }
  const [fits, must] = known;
  if (!fits(value)) item.problem(`has a ${key} that must be ${must}, got ${JSON.stringify(value)}`);
  return [[key, value]];
}

/** What was given; or what a pod has. */
function readAccess(root: Field): KubernetesAccess | undefined {
  const api = root.at('kubernetes-api');
  const files = { tokenFile: root.at('kubernetes-token-file'), caFile: root.at('kubernetes-ca-file') };
  const own = podAccess({
    KUBERNETES_SERVICE_HOST: textOf(root.at('KUBERNETES_SERVICE_HOST')),
    KUBERNETES_SERVICE_PORT: textOf(root.at('KUBERNETES_SERVICE_PORT')),
  });
  if (api.value === undefined) {
    for (const field of Object.values(files))
      if (field.value !== undefined) field.problem('is of use beside --kubernetes-api alone');
    return own;
  }
  const paths = Object.entries(files).flatMap(([name, field]) =>
    field.value === undefined ? [] : [[name, readPath(field)] as const],
  );
  return {
    ...{ url: readApi(api), namespace: own?.namespace ?? 'default' },
    ...(Object.fromEntries(paths) as { tokenFile?: string; caFile?: string }),
  };
}

function readApi(field: Field): URL {
  const url = apiAddress(field.string());
  if (url !== undefined) return url;
  field.problem('must be an address like https://10.96.0.1:443, or http:// on this machine');
  return new URL('https://127.0.0.1');
}

/** It is read again and again; that it is not there at the start is most often a slip of the pen. */
function readPath(field: Field): string {
  const path = field.string();
  try {
    readFileSync(path);
  } catch (error) {
    field.problem(`cannot be read: ${(error as Error).message}`);
  }
  return path;
}

function textOf({ value }: Field): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
