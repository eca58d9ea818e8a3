import { readFileSync } from 'node:fs';
import { Deployment } from 'kubernetes-models/apps/v1';
import { Role, RoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1';
import { PersistentVolumeClaim, Service, ServiceAccount } from 'kubernetes-models/v1';
import { parse } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import {
  leavesOf,
  type PublishedKind,
  schemaProblem,
  unknownFields,
} from '../../../packages/loadline/test/kubernetes/published-schema.ts';
import { readWatch } from '../src/collect/index.ts';
import { readConfiguration, type ServeWords } from '../src/configuration.ts';

const file = new URL('../../../deploy/kubernetes/control-plane/control-plane.yaml', import.meta.url);
// biome-ignore lint/suspicious/noExplicitAny: what it holds is what is tested.
const all: readonly any[] = parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS());
// biome-ignore lint/suspicious/noExplicitAny: as above.
const kindOf = (kind: string): any => all.find((each) => each.kind === kind);
const pod = kindOf('Deployment').spec.template.spec;
const [container] = pod.containers;

/** What it was given by `--word value`. */
function wordsOf(args: readonly string[]): Record<string, string> {
  const pairs = args.flatMap((word, at) =>
    word.startsWith('--') ? [[word.slice(2), args[at + 1] ?? '']] : [],
  );
  return Object.fromEntries(pairs);
}

describe('deploy/kubernetes/control-plane/control-plane.yaml', () => {
  const kinds: Readonly<Record<string, readonly [apiVersion: string, PublishedKind]>> = {
    ServiceAccount: ['v1', ServiceAccount],
    Role: ['rbac.authorization.k8s.io/v1', Role],
    RoleBinding: ['rbac.authorization.k8s.io/v1', RoleBinding],
    PersistentVolumeClaim: ['v1', PersistentVolumeClaim],
    Service: ['v1', Service],
    Deployment: ['apps/v1', Deployment],
  };

  it.each(Object.entries(kinds))('has one %s, by the published schema', (kind, [apiVersion, Kind]) => {
    const found = all.filter((each) => each.kind === kind);
    expect(found.map((each) => each.apiVersion)).toEqual([apiVersion]);
    expect(schemaProblem(Kind, found[0])).toBeUndefined();
    expect(leavesOf(found[0]).length).toBeGreaterThan(5);
    expect(unknownFields(Kind, found[0])).toEqual([]);
  });

  it('has nothing besides, no secret above all', () => {
    expect(all).toHaveLength(Object.keys(kinds).length);
  });

  it('lets it list and watch pods where it watches some, and nothing else', () => {
    const { rules, metadata } = kindOf('Role');
    expect(rules).toEqual([{ apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] }]);
    const binding = kindOf('RoleBinding');
    expect(binding.metadata.namespace).toBe(metadata.namespace);
    expect(binding.roleRef.name).toBe(metadata.name);
    const { name, namespace } = kindOf('ServiceAccount').metadata;
    expect(binding.subjects).toEqual([{ kind: 'ServiceAccount', name, namespace }]);
    expect([pod.serviceAccountName, pod.automountServiceAccountToken]).toEqual([name, true]);
    const watch = parse(
      {
        'watch-kubernetes': [wordsOf(container.args)['watch-kubernetes']],
        ...{ KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' },
      },
      readWatch,
    );
    expect(watch.ok && watch.value.kubernetes?.services[0]?.namespace).toBe(metadata.namespace);
  });

  it('runs one at a time, which has its folder to itself', () => {
    const { replicas, strategy } = kindOf('Deployment').spec;
    expect([replicas, strategy.type]).toEqual([1, 'Recreate']);
    const mount = container.volumeMounts.find(({ name }: { name: string }) => name === 'home');
    expect(wordsOf(container.args).home).toMatch(new RegExp(`^${mount.mountPath}/`));
  });

  it('gives it no right that it does not need', () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(container.resources.limits).not.toHaveProperty('cpu');
  });

  it('is reached over TLS, at the port that it listens on', () => {
    const { port, host } = wordsOf(container.args);
    expect([host, Number(port)]).toEqual(['0.0.0.0', container.ports[0].containerPort]);
    expect(kindOf('Service').spec.ports[0].targetPort).toBe(container.ports[0].name);
    expect(kindOf('Service').spec.selector).toEqual(kindOf('Deployment').spec.template.metadata.labels);
    for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe])
      expect(probe.httpGet).toMatchObject({ port: container.ports[0].name, scheme: 'HTTPS' });
  });

  it('says only what the control plane understands, and keeps its keys out of it', () => {
    const [command, ...args] = container.args as readonly string[];
    expect(command).toBe('serve');
    const { 'watch-kubernetes': pods, 'tls-cert': certFile, 'tls-key': keyFile, ...own } = wordsOf(args);
    const { 'allow-target': target, ...words } = own;
    const mounted = container.volumeMounts.find(({ name }: { name: string }) => name === 'tls').mountPath;
    expect([certFile, keyFile]).toEqual([`${mounted}/tls.crt`, `${mounted}/tls.key`]);
    const given = container.env.map(({ name, valueFrom }: { name: string; valueFrom: object }) => {
      expect(valueFrom).toMatchObject({ secretKeyRef: { name: 'loadline-control-plane' } });
      return [name, name === 'DATABASE_URL' ? 'postgresql://loadline@db:5432/loadline' : 'x'.repeat(40)];
    });
    const env: Record<string, string> = {
      ...Object.fromEntries(given),
      ...{ KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' },
    };
    const read = readConfiguration(
      {
        ...(words as ServeWords),
        'watch-kubernetes': [pods as string],
        'allow-target': [target as string],
        'behind-proxy': true,
      },
      env,
    );
    expect(read).toMatchObject({ host: '0.0.0.0', port: 7070, databaseUrl: env.DATABASE_URL });
    expect([read.adminKey, read.observeKey, read.alerting.webhookSecret]).toEqual(
      Array(3).fill('x'.repeat(40)),
    );
  });
});
