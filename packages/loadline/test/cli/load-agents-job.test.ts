import { readFileSync } from 'node:fs';
import { type IJob, Job } from 'kubernetes-models/batch/v1';
import { runCli, type Terminal } from 'loadline/cli';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { root } from '../checkout.ts';
import { leavesOf, schemaProblem, unknownFields } from '../kubernetes/published-schema.ts';

const text = readFileSync(`${root}deploy/kubernetes/load-agents/job.yaml`, 'utf8');
const job = parse(text) as IJob;
const pod = job.spec?.template.spec;
const container = pod?.containers[0];

describe('deploy/kubernetes/load-agents/job.yaml', () => {
  it('is a batch/v1 Job by the published schema', () => {
    expect([job.apiVersion, job.kind]).toEqual(['batch/v1', 'Job']);
    expect(schemaProblem(Job, job)).toBeUndefined();
  });

  it('has no field that the schema does not know', () => {
    expect(leavesOf(job).length).toBeGreaterThan(50);
    expect(unknownFields(Job, job)).toEqual([]);
    const misspelt = structuredClone(job) as unknown as { spec: Record<string, unknown> };
    misspelt.spec.paralelism = 4;
    expect(schemaProblem(Job, misspelt)).toBeUndefined();
    expect(unknownFields(Job, misspelt)).toEqual([['spec', 'paralelism']]);
  });

  it('starts each agent once, and lets the others go on when one is lost', () => {
    const { parallelism, completions, completionMode, backoffLimitPerIndex } = job.spec ?? {};
    expect(completions).toBe(parallelism);
    expect([pod?.restartPolicy, completionMode, backoffLimitPerIndex]).toEqual(['Never', 'Indexed', 0]);
  });

  it('gives it no right that it does not need', () => {
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(container?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod?.volumes?.find(({ name }) => name === 'tmp')?.emptyDir).toEqual({ sizeLimit: '1Gi' });
  });

  it('has the token from a secret, and nowhere in its words', () => {
    const mount = container?.volumeMounts?.find(({ name }) => name === 'token');
    const secret = pod?.volumes?.find(({ name }) => name === 'token')?.secret;
    expect(secret).toMatchObject({ secretName: 'load-agents', defaultMode: 0o440 });
    const file = container?.args?.[container.args.indexOf('--token-file') + 1];
    expect(file).toBe(`${mount?.mountPath}/${secret?.items?.[0]?.path}`);
  });

  it('has a core for each of its workers', () => {
    const workers = container?.args?.[container.args.indexOf('--workers') + 1];
    expect(container?.resources?.requests?.cpu).toBe(workers);
    expect(container?.resources?.limits).not.toHaveProperty('cpu');
  });

  it('says only what the command understands', async () => {
    const values = new Map(container?.env?.map(({ name, value }) => [name, value ?? 'load-agents-0-x7k2p']));
    const args = container?.args?.map((word) =>
      word.replace(/\$\((\w+)\)/g, (_, name) => `${values.get(name)}`),
    );
    let err = '';
    const terminal: Terminal = {
      out: (said) => expect.unreachable(said),
      err: (said) => {
        err += said;
      },
      isInteractive: false,
      width: 80,
      style: (_, said) => said,
    };
    await runCli(args ?? [], { terminal, env: {}, signal: new AbortController().signal });
    // All else is read before the token, which is not there.
    expect(err).toContain('Cannot read the token from /run/secrets/loadline/token: there is no such file');
  });
});
