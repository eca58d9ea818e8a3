import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLoadlineError } from 'loadline/base';
import { afterAll, describe, expect, it } from 'vitest';
import { readConfiguration, type ServeWords } from '../../src/configuration.ts';

const folder = mkdtempSync(join(tmpdir(), 'loadline-rules-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(text: string): string {
  const path = join(folder, 'rules.yaml');
  writeFileSync(path, text);
  return path;
}

function problemsOf(words: ServeWords, env: Record<string, string> = {}): string {
  try {
    readConfiguration(words, env);
    return '';
  } catch (error) {
    if (!isLoadlineError(error, 'CONTROL_PLANE_START_REFUSED')) throw error;
    return error.message;
  }
}

describe('what is said of alerts at the start', () => {
  it('is the built-in rules and the log, where nothing is', () => {
    const { alerting } = readConfiguration({}, {});
    expect(alerting.policy.rules.map(({ name }) => name)).toContain('latency-p95');
    expect(alerting).toMatchObject({ webhooks: [], alertmanagers: [], webhookSecret: undefined });
    expect(alerting.escalations).toEqual([]);
  });

  it('is a file of rules, which stands for itself', () => {
    const rules = fileOf('rules:\n  - { name: own, metric: m, above: { critical: 1 } }\n');
    expect(readConfiguration({ rules }, {}).alerting.policy.rules.map(({ name }) => name)).toEqual(['own']);
  });

  it('is refused with every mistake of the file', () => {
    const rules = fileOf('rules:\n  - { name: 9, metric: m, above: { critical: much } }\nuse: [none]\n');
    const told = problemsOf({ rules });
    for (const part of ['line 2, rules[0].name', 'line 2, rules[0].above.critical', 'line 3, use[0]'])
      expect(told).toContain(part);
    expect(problemsOf({ rules: fileOf('rules: [') })).toContain('line ');
    expect(problemsOf({ rules: fileOf('rules: *nobody\n') })).toContain('nobody');
    expect(problemsOf({ rules: join(folder, 'nowhere') })).toContain('nowhere: there is no such file');
  });

  it('names whom is told what nobody took, as many as there are times for that', () => {
    const rules = fileOf('use: [foodshare]\nescalate_after: [10m, 30m]\n');
    const hooks = ['https://first.example/in', 'https://second.example/in', 'https://third.example/in'];
    const { alerting } = readConfiguration({ rules, 'escalate-webhook': hooks.slice(0, 2) }, {});
    expect(alerting.escalations).toEqual(hooks.slice(0, 2));
    expect(problemsOf({ rules, 'escalate-webhook': hooks })).toContain(
      'is given 3 times, and escalate_after of the rules has 2 times',
    );
    expect(problemsOf({ 'escalate-webhook': hooks.slice(0, 1) })).toContain('has 0 times');
    expect(problemsOf({ rules, 'escalate-webhook': ['ftp://host'] })).toContain('escalate-webhook[0]');
  });

  it('names receivers, and shows neither what lets one in there nor a secret', () => {
    const hook = 'https://hooks.example/services/T0/secret-path';
    const secret = 'a-secret-of-at-least-24-bytes';
    const { alerting } = readConfiguration(
      { 'notify-webhook': [hook], alertmanager: ['http://127.0.0.1:9093'] },
      { LOADLINE_WEBHOOK_SECRET: secret },
    );
    expect(alerting).toMatchObject({ webhooks: [hook], webhookSecret: secret });
    const weak = problemsOf({ 'notify-webhook': [hook] }, { LOADLINE_WEBHOOK_SECRET: 'too-weak' });
    expect(weak).toContain('fewer than 24 bytes');
    expect(weak).not.toMatch(/secret-path|too-weak/);
    const wrong = problemsOf({ alertmanager: ['ftp://user:password@host'] });
    expect(wrong).toContain('alertmanager[0]');
    expect(wrong).not.toContain('password');
    const many = Array.from({ length: 11 }, () => hook);
    expect(problemsOf({ 'notify-webhook': many })).toContain('at most 10');
  });
});
