import { readFile } from 'node:fs/promises';
import { apiAddress, type KubernetesAccess, podAccess } from '../../kubernetes/index.ts';
import { whyUnreadable } from './problems.ts';

/** Where the API server is, in words. */
export const kubernetesOptions = {
  'kubernetes-api': { type: 'string' },
  'kubernetes-token-file': { type: 'string' },
  'kubernetes-ca-file': { type: 'string' },
  namespace: { type: 'string' },
} as const;

type AccessWords = { readonly [Name in keyof typeof kubernetesOptions]?: string | undefined };

/** How the API server is reached; or everything that is in the way of it. */
export type AccessRead =
  | { readonly ok: true; readonly access: KubernetesAccess }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Takes what was said, or what a pod has. Files must be there at the start, though they are read anew for each request. */
export async function readKubernetesAccess(
  words: AccessWords,
  env: Readonly<Record<string, string | undefined>>,
): Promise<AccessRead> {
  const { 'kubernetes-api': api, 'kubernetes-token-file': tokenFile, 'kubernetes-ca-file': caFile } = words;
  const pod = api === undefined ? podAccess(env) : undefined;
  const url = api === undefined ? pod?.url : apiAddress(api);
  const files = { '--kubernetes-token-file': tokenFile, '--kubernetes-ca-file': caFile };
  const problems = [
    ...(url === undefined ? [noAddress(api)] : []),
    ...(await (pod === undefined
      ? unreadable(files)
      : unreadable({ 'the token of this pod': pod.tokenFile, 'the authority of this pod': pod.caFile }))),
    ...(pod === undefined
      ? []
      : saidIn(files).map(([name]) => `${name} is of use beside --kubernetes-api alone`)),
  ];
  if (url === undefined || problems.length > 0) return { ok: false, problems };
  const given = {
    ...(tokenFile === undefined ? {} : { tokenFile }),
    ...(caFile === undefined ? {} : { caFile }),
  };
  const namespace = words.namespace ?? pod?.namespace ?? 'default';
  return { ok: true, access: { url, ...(pod ?? given), namespace } };
}

function noAddress(api: string | undefined): string {
  return api === undefined
    ? 'this is no pod of Kubernetes, so that --kubernetes-api is needed; `kubectl proxy` makes http://127.0.0.1:8001'
    : `--kubernetes-api must be an address like https://10.96.0.1:443, or http:// on this machine, got ${JSON.stringify(api)}`;
}

type Files = Readonly<Record<string, string | undefined>>;

function saidIn(files: Files): readonly (readonly [name: string, path: string])[] {
  return Object.entries(files).flatMap(([name, path]) => (path === undefined ? [] : [[name, path] as const]));
}

async function unreadable(files: Files): Promise<readonly string[]> {
  const told = await Promise.all(
    saidIn(files).map(([name, path]) =>
      readFile(path).then(
        () => [],
        (cause: NodeJS.ErrnoException) => [`${name} cannot be read: ${path}: ${whyUnreadable(cause)}`],
      ),
    ),
  );
  return told.flat();
}
