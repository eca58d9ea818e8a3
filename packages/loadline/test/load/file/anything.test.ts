import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isLoadTests, parseLoadTests } from '../../../src/load/file/formats/load-tests.ts';
import {
  isTestConfiguration,
  parseTestConfiguration,
} from '../../../src/load/file/formats/test-configuration.ts';
import { keys } from '../../../src/load/file/grammar/keys.ts';
import { namedFiles } from '../../../src/load/file/grammar/named-files.ts';
import { parseScenarioFile } from '../../../src/load/file/grammar/scenario-file.ts';

const key = fc.oneof(
  fc.constantFrom(...Object.values(keys).flat()),
  fc.constantFrom('load_tests', 'testName', 'virtualUsers', 'endpoints', '__proto__', '', 'a.latency'),
);
const leaf = fc.oneof(
  fc.constantFrom(null, true, 0, 1, -1, 1e9, Number.NaN, 'exists', 'none', '/', '5s', '5/s', 'p95 < 1s'),
  fc.constantFrom('{{a}}', '{{$env.A}}', '{{p.b}}', '{{', '{{$int(1,2)}}', '{{$env.A as number}}'),
  fc.string(),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 8, withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4 }),
  ),
}));

const missing = { problem: 'was not read' };
const surroundings = {
  readTable: () => missing,
  readFile: () => missing,
  readScript: () => missing,
  env: { A: '1' },
};

it('whatever a file holds is parsed, or refused with problems that have a place', () => {
  const file = fc.record(
    { scenarios: value, load: value, tests: value, thresholds: value },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(value, file, fc.record({ load_tests: value }), fc.array(value)), (found) => {
      namedFiles(found);
      const parsers = [() => parseScenarioFile(found, surroundings)];
      if (isLoadTests(found)) parsers.push(() => parseLoadTests(found));
      if (isTestConfiguration(found)) parsers.push(() => parseTestConfiguration(found));
      for (const parse of parsers) {
        const parsed = parse();
        for (const problem of parsed.ok ? [] : parsed.problems) expect(problem.message).not.toBe('');
      }
    }),
    {
      numRuns: 1500,
      examples: [[{ scenarios: { a: { headers: { b: '{{$env.A as number}}' }, steps: [] } } }]],
    },
  );
});
