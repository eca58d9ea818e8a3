import fc from 'fast-check';
import { createRandom } from 'loadline/base';
import type { RequestStep, Step } from 'loadline/load';
import { describe, expect, it } from 'vitest';
import { Recorder } from '../../src/load/measure/recorder.ts';
import { compileScenarios, type Program, type RequestOp } from '../../src/load/program.ts';
import type { Scope } from '../../src/load/steps/filler.ts';
import { buildRequest } from '../../src/load/steps/request-parts.ts';
import { compileTemplate, type Template } from '../../src/load/steps/template.ts';
import type { OutgoingRequest } from '../../src/load/transports/transport.ts';
import { choose, pace, planWith, repeat, request, scenario, think } from '../simulation/simulate.ts';

function compile(steps: readonly Step[], recorder = new Recorder()): Program {
  const names: string[] = [];
  const variable = (name: string): number =>
    names.includes(name) ? names.indexOf(name) : names.push(name) - 1;
  const plan = planWith({ scenarios: [scenario('visit', steps)] });
  return compileScenarios(plan, recorder, { variable, column: () => () => undefined })[0] as Program;
}

const onlyOp = (given: Partial<RequestStep> = {}, path = '/'): RequestOp =>
  compile([request(path, given)]).ops[0] as RequestOp;

function text(source: string): Template {
  const template = compileTemplate(source);
  if ('problems' in template) throw new Error(template.problems.join());
  return template;
}

const scope = (...variables: (string | undefined)[]): Scope => ({
  random: createRandom(1),
  user: 3,
  iteration: 0,
  variables,
  nowMs: () => 0,
});

function built(op: RequestOp, ...variables: (string | undefined)[]): OutgoingRequest {
  return buildRequest(op.step.method, op.parts, scope(...variables)) as OutgoingRequest;
}

const steps: fc.Arbitrary<Step[]> = fc.letrec<{ steps: Step[]; step: Step }>((tie) => ({
  steps: fc.array(tie('step'), { maxLength: 4 }),
  step: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(request('/a'), think(1), pace(1)),
    fc
      .tuple(fc.nat(2), fc.nat(2), tie('steps'))
      .map(([from, more, within]) => repeat(from, from + more, within)),
    fc
      .array(tie('steps'), { minLength: 1, maxLength: 3 })
      .map((branches) => choose(...branches.map((within) => [1, within] as const))),
  ),
})).steps;

describe('a program', () => {
  it('of any steps jumps within itself, and only loops jump back', () => {
    fc.assert(
      fc.property(steps, (given) => {
        const { ops, loopDepth } = compile(given);
        for (const [at, op] of ops.entries()) {
          const targets =
            op.kind === 'choose'
              ? op.targets
              : op.kind === 'jump'
                ? [op.to]
                : op.kind === 'repeat'
                  ? [op.end]
                  : [];
          for (const target of targets) {
            expect(target).toBeGreaterThan(at);
            expect(target).toBeLessThanOrEqual(ops.length);
          }
          if (op.kind === 'again')
            expect(ops[op.begin - 1]).toMatchObject({ kind: 'repeat', loop: op.loop, end: at + 1 });
          if (op.kind === 'repeat') expect(op.loop).toBeLessThan(loopDepth);
        }
      }),
    );
  });

  it('lets steps of the same name share a lane', () => {
    const recorder = new Recorder();
    compile(
      [request('/a', { name: 'x' }), repeat(1, 1, [request('/b', { name: 'x' })]), request('/c')],
      recorder,
    );
    expect(recorder.lanes.map(({ endpoint }) => endpoint)).toEqual(['x', '/c']);
  });
});

describe('a request step', () => {
  it('without a hole is built once, and the same for everybody', () => {
    const op = onlyOp({
      method: 'POST',
      headers: [
        { name: 'x-a', value: text('ä') },
        { name: 'authorization', value: text('ann:pässword'), encoding: 'basic' },
      ],
      body: text('{"a":1}'),
    });
    expect(op.constant).toEqual({
      method: 'POST',
      path: '/',
      headers: `x-a: ä\r\nauthorization: Basic ${Buffer.from('ann:pässword').toString('base64')}\r\n`,
      body: '{"a":1}',
      timeoutMs: 5000,
      keepsBody: false,
      isConstant: true,
    });
    expect(built(op)).toEqual({ ...op.constant, isConstant: false });
  });

  it.each<[string, Partial<RequestStep>, string]>([
    ['path', {}, '/{{a}}'],
    ['header', { headers: [{ name: 'x', value: text('{{a}}') }] }, '/'],
    ['body', { body: text('{{a}}') }, '/'],
    ['part of a form', { body: { boundary: 'b', parts: [{ name: 'x', value: text('{{a}}') }] } }, '/'],
  ])('with a hole in its %s is built for each user', (_, given, path) => {
    const op = onlyOp(given, path);
    expect(op.constant).toBeUndefined();
    expect(built(op, 'filled')).toMatchObject({ isConstant: false });
    expect(JSON.stringify(built(op, 'filled'))).toContain('filled');
    expect(buildRequest('GET', op.parts, scope(undefined))).toMatchObject({ constant: undefined });
  });

  it('keeps its headers in their order, wherever the holes are', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 6 }), (holes) => {
        const headers = holes.map((isHole, index) => ({
          name: `h${index}`,
          value: text(isHole ? '{{a}}' : `${index}`),
        }));
        const op = onlyOp({ headers }, '/{{a}}');
        const expected = holes.map((isHole, index) => `h${index}: ${isHole ? 'v' : index}\r\n`).join('');
        expect(built(op, 'v').headers).toBe(expected);
      }),
    );
  });

  it('keeps the body of its answer only where something reads it', () => {
    const from = { kind: 'json', pointer: ['a'] } as const;
    const keeps = (given: Partial<RequestStep>): boolean => onlyOp(given).parts.keepsBody;
    expect(keeps({})).toBe(false);
    expect(keeps({ checks: [{ kind: 'status', statuses: [200], name: 's' }] })).toBe(false);
    expect(keeps({ saves: [{ name: 'a', from: { kind: 'header', name: 'etag' } }] })).toBe(false);
    expect(keeps({ checks: [{ kind: 'body', contains: 'x', name: 'b' }] })).toBe(true);
    expect(keeps({ saves: [{ name: 'a', from }] })).toBe(true);
  });

  it('follows ten redirects, or as many as it says, or none where it expects one', () => {
    const max = (given: Partial<RequestStep>): number => onlyOp(given).redirectsMax;
    expect([max({}), max({ redirectsMax: 2 }), max({ expect: [200] })]).toEqual([10, 2, 10]);
    expect([max({ expect: [200, 302] }), max({ expect: [302], redirectsMax: 1 })]).toEqual([0, 1]);
  });

  it('has the time limit of the plan, or its own', () => {
    expect([onlyOp().parts.timeoutMs, onlyOp({ timeoutMs: 7 }).parts.timeoutMs]).toEqual([5000, 7]);
  });
});

describe('a form of several parts', () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, index) => index);

  async function decoded(request: OutgoingRequest, boundary: string): Promise<unknown[]> {
    const body = request.body as string | Uint8Array<ArrayBuffer>;
    const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` };
    const form = await new Response(body, { headers }).formData();
    const entries: unknown[] = [];
    for (const [name, value] of form) {
      entries.push(
        typeof value === 'string'
          ? [name, value]
          : [name, value.name, value.type, [...new Uint8Array(await value.arrayBuffer())]],
      );
    }
    return entries;
  }

  it('is read by others as it was meant', async () => {
    const boundary = 'a-boundary';
    const op = onlyOp({
      method: 'POST',
      body: {
        boundary,
        parts: [
          { name: 'plain', value: text('ä, and {{a}}\r\n') },
          { name: 'file', fileName: 'a "name".bin', contentType: 'image/png', bytes },
          { name: 'last "one"', value: text('') },
        ],
      },
    });
    expect(await decoded(built(op, 'é'), boundary)).toEqual([
      ['plain', 'ä, and é\r\n'],
      ['file', 'a "name".bin', 'image/png', [...bytes]],
      ['last "one"', ''],
    ]);
  });

  it('of texts only is a text', () => {
    const body = { boundary: 'b', parts: [{ name: 'x', value: text('y') }] };
    expect(onlyOp({ body }).constant?.body).toBe(
      '--b\r\ncontent-disposition: form-data; name="x"\r\n\r\ny\r\n--b--\r\n',
    );
  });
});
