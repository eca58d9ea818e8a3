import { readFileSync } from 'node:fs';
import { parseScalingPolicy } from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';

const page = readFileSync(new URL('../../../../docs/reference/scaling.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);
/** What stands in a sentence: `sizing: { … }`. */
const inline = [...page.matchAll(/`((?:sizing|forecast|cost): \{[^`]*\})`/g)].map(([, text = '']) => text);

/** What a part of a policy is shown beside. */
const rest = { replicas: { min: 2, max: 20 }, metrics: { cpuRatio: { target: 0.6 } } };

describe('the reference of policies', () => {
  it('shows some', () => {
    expect([blocks.length, inline.length]).toEqual([2, 3]);
  });

  it.each([...blocks, ...inline])('shows what can be read: %s', (text) => {
    expect(parseScalingPolicy({ ...rest, ...parseYaml(text) })).toMatchObject({ ok: true });
  });
});
