import { readFileSync } from 'node:fs';
import { Deployment } from 'kubernetes-models/apps/v1';
import { Role, RoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1';
import { ConfigMap, ServiceAccount } from 'kubernetes-models/v1';
import { createRandom, createVirtualClock } from 'loadline/base';
import { openLeadership } from 'loadline/scaling';
import { createKubernetesDriver, createLeaseBook } from 'loadline/scaling/kubernetes';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { parseScalerFile } from '../../src/cli/door/scaler-file.ts';
import { root } from '../checkout.ts';
import { FakeApi, reachApi } from '../kubernetes/fake-api.ts';
import {
  leavesOf,
  type PublishedKind,
  schemaProblem,
  unknownFields,
} from '../kubernetes/published-schema.ts';

const text = readFileSync(`${root}deploy/kubernetes/scaler/scaler.yaml`, 'utf8');
// biome-ignore lint/suspicious/noExplicitAny: what it holds is what is tested.
const all: readonly any[] = parseAllDocuments(text).map((document) => document.toJS());
const of = (kind: string) => all.filter((each) => each.kind === kind);
const pod = of('Deployment')[0].spec.template.spec;
const file = parseScalerFile(parse(of('ConfigMap')[0].data['scaler.yaml']));

it('the guide shows a file that the command reads, and that does nothing before somebody says so', () => {
  const guide = readFileSync(`${root}docs/guides/scaling.md`, 'utf8');
  const [, shown = ''] = /```yaml\n(prometheus: [^`]*)```/.exec(guide) ?? [];
  expect(parseScalerFile(parse(shown))).toMatchObject({
    ok: true,
    value: { groups: { shop: { policy: { mode: 'dry run' } } } },
  });
});

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

describe('deploy/kubernetes/scaler/scaler.yaml', () => {
  it.each<[string, PublishedKind, number]>([
    ['ServiceAccount', ServiceAccount, 1],
    ['Role', Role, 2],
    ['RoleBinding', RoleBinding, 2],
    ['ConfigMap', ConfigMap, 1],
    ['Deployment', Deployment, 1],
  ])('has what it needs as %s, by the published schema', (kind, Kind, count) => {
    expect(of(kind)).toHaveLength(count);
    for (const each of of(kind)) {
      expect(schemaProblem(Kind, each)).toBeUndefined();
      expect(leavesOf(each).length).toBeGreaterThan(4);
      expect(unknownFields(Kind, each)).toEqual([]);
    }
  });

  it('has a file that the command reads, and that does nothing before somebody says so', () => {
    if (!file.ok) throw new Error(JSON.stringify(file.problems));
    expect(file.value.groups.api?.policy).toMatchObject({ mode: 'dry run' });
    const mount = pod.containers[0].volumeMounts[0].mountPath;
    expect(pod.containers[0].args).toEqual(['scale', 'run', `${mount}/scaler.yaml`]);
    expect(pod.volumes[0].configMap.name).toBe(of('ConfigMap')[0].metadata.name);
  });

  it('gives its account just the rights that it asks for, where it asks', async () => {
    if (!file.ok) throw new Error(JSON.stringify(file.problems));
    const [scale, lease] = of('Role');
    const asked = new Set(await whatIsAsked());
    const granted = [scale, lease].flatMap((role) => rightsOf(role.rules));
    expect(new Set([...asked].filter((right) => !granted.includes(right)))).toEqual(new Set());
    // What a StatefulSet would take is there as well.
    expect(granted.filter((right) => !asked.has(right) && !right.includes('statefulsets'))).toEqual([]);
    expect(scale.metadata.namespace).toBe(file.value.groups.api?.workload.namespace);
    expect(lease.metadata.namespace).toBe(file.value.lease.namespace);
    expect(lease.rules.at(-1).resourceNames).toEqual([file.value.lease.name]);
    const { name, namespace } = of('ServiceAccount')[0].metadata;
    for (const binding of of('RoleBinding')) {
      expect(binding.subjects).toEqual([{ kind: 'ServiceAccount', name, namespace }]);
      expect(of('Role').map((role) => [role.metadata.name, role.metadata.namespace])).toContainEqual([
        binding.roleRef.name,
        binding.metadata.namespace,
      ]);
    }
    expect([pod.serviceAccountName, pod.automountServiceAccountToken]).toEqual([name, true]);
  });

  it('gives its pods no right that they do not need', () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(pod.containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });
});

describe('deploy/kubernetes/scaler/restart.yaml', () => {
  const documents = parseAllDocuments(readFileSync(`${root}deploy/kubernetes/scaler/restart.yaml`, 'utf8'));
  const [role, binding] = documents.map((document) => document.toJS());

  it('gives just the rights that a restart asks for, to the same account in the same place', async () => {
    for (const [Kind, each] of [
      [Role, role],
      [RoleBinding, binding],
    ] as const) {
      expect(schemaProblem(Kind, each)).toBeUndefined();
      expect(unknownFields(Kind, each)).toEqual([]);
    }
    const asked = new Set(await whatARestartAsks());
    const granted = rightsOf(role.rules);
    expect(granted.filter((right) => !right.includes('statefulsets')).toSorted()).toEqual(
      [...asked].toSorted(),
    );
    expect(granted.filter((right) => right.includes('statefulsets'))).toHaveLength(asked.size);
    const [scale] = of('Role');
    expect(role.metadata.namespace).toBe(scale.metadata.namespace);
    const { name, namespace } = of('ServiceAccount')[0].metadata;
    expect(binding.subjects).toEqual([{ kind: 'ServiceAccount', name, namespace }]);
    expect([binding.roleRef.name, binding.metadata.namespace]).toEqual([
      role.metadata.name,
      role.metadata.namespace,
    ]);
  });
});

/** What is asked beside what a scaler asks anyway. */
async function whatARestartAsks(): Promise<readonly string[]> {
  const clock = createVirtualClock();
  const api = new FakeApi({ clock });
  api.deploy('api', 1);
  const workloads = { api: { name: 'api' } };
  const means = { clock, random: createRandom(1), kubernetes: reachApi(api), workloads };
  await using driver = createKubernetesDriver(means);
  const { signal } = new AbortController();
  await driver.restart('api', signal);
  await driver.observe('api', signal);
  return api.asked.map(rightOf).filter((right) => !right.includes('/scale'));
}

/** `get deployments/scale`, and so on: a lease is taken and renewed, a workload looked at and scaled. */
async function whatIsAsked(): Promise<readonly string[]> {
  const clock = createVirtualClock();
  const api = new FakeApi({ clock });
  api.deploy('api', 3);
  const pods: string[] = [];
  const reach = reachApi(api);
  const kubernetes: typeof reach = {
    ...reach,
    get(path, ...rest) {
      if (path.endsWith('/pods')) pods.push('list pods');
      return reach.get(path, ...rest);
    },
    follow(...given) {
      pods.push('watch pods');
      return reach.follow(...given);
    },
  };
  const random = createRandom(1);
  const book = createLeaseBook({ kubernetes, clock, name: 'loadline-scaler' });
  const leadership = openLeadership({ clock, random, book, identity: 'a' });
  await clock.advance(5000);
  const workloads = { api: { name: 'api' } };
  const driver = createKubernetesDriver({ clock, random, kubernetes, workloads, fence: leadership });
  const { signal } = new AbortController();
  await driver.observe('api', signal);
  await driver.apply('api', 4, signal);
  await driver.close();
  const closed = leadership.close();
  await clock.advance(1000);
  await closed;
  return [...api.asked.map(rightOf), ...pods];
}

/** `PUT /apis/apps/v1/namespaces/default/deployments/api/scale` as `update deployments/scale`. */
function rightOf(request: string): string {
  const [method = '', path = ''] = request.split(' ');
  const [resource, name, subresource] = path.split('/namespaces/default/')[1]?.split('/') ?? [];
  const verbs: Readonly<Record<string, string>> = {
    GET: name === undefined ? 'list' : 'get',
    PUT: 'update',
    POST: 'create',
    PATCH: 'patch',
  };
  return `${verbs[method]} ${subresource === undefined ? resource : `${resource}/${subresource}`}`;
}

function rightsOf(rules: readonly Rule[]): readonly string[] {
  return rules.flatMap(({ resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
  );
}
