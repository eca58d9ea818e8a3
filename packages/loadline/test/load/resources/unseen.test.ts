import { createVirtualClock } from 'loadline/base';
import { createFunctionTransport, runLoad } from 'loadline/load';
import { expect, it } from 'vitest';
import { renderHtml, renderMarkdown } from '../../../src/load/output/index.ts';
import { answerAfter, planWith } from '../../simulation/simulate.ts';
import { passedRun } from '../output/fixtures.ts';

const problem = 'postgres: connection refused, 2 of 2 samples missing';

it('what could not be seen of the target stands in the report, once the watch has ended', async () => {
  const clock = createVirtualClock();
  let hasStopped = false;
  const running = runLoad(planWith({ stages: [{ kind: 'users', from: 1, to: 1, durationMs: 2000 }] }), {
    clock,
    transport: createFunctionTransport(clock, () => answerAfter(10)),
    watch: () => ({ samples: [], late: () => undefined, stop: () => undefined }),
    watchTarget: async () => ({
      series: () => [],
      problems: () => (hasStopped ? [problem] : []),
      stop: async () => {
        hasStopped = true;
      },
    }),
  });
  await clock.runUntilIdle(20_000);
  expect((await running).unseen).toEqual([problem]);
});

it('the page and the comment tell of it, also where nothing was seen at all', () => {
  const run = { ...passedRun(), resources: [], unseen: [problem, 'valkey: <no> answer'] };
  expect(renderHtml(run)).toMatch(
    /<h2>Resources of the target<\/h2>.*Not everything was seen\. postgres: [^<]* valkey: [^<]*no/s,
  );
  expect(renderHtml(run)).not.toContain('<no>');
  expect(renderMarkdown(run)).toContain(
    `Not everything was seen of the target:\n\n- \`${problem}\`\n- \`valkey: <no> answer\``,
  );
  for (const text of [renderHtml(passedRun()), renderMarkdown(passedRun())])
    expect(text).not.toContain('Not everything was seen');
});
