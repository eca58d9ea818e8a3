import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Answer, answersTo, type RecordedCase } from './recorded.ts';

/** A case with what Kubernetes' own controller answered to it, one a line; `README.md` says which, and how it was asked. */
interface Line extends RecordedCase {
  readonly about: string;
  readonly answers: readonly Answer[];
}

const lines = readFileSync(new URL('./controller-answers.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line, index) => ({ number: index + 1, ...(JSON.parse(line) as Line) }));

describe('decideHpa() beside the controller', () => {
  it.each([...new Set(lines.map(({ about }) => about))])('answers the same: %s', (about) => {
    for (const { number, answers, ...recorded } of lines.filter((line) => line.about === about)) {
      const ours = answersTo(recorded).map((answer, round) => asFarAsTold(answer, answers[round]));
      expect(ours, `line ${number}`).toEqual(answers);
    }
  });

  it('was asked for each kind of metric, and for whatever keeps a number where it is', () => {
    const text = lines.map((line) => JSON.stringify(line)).join('\n');
    for (const word of [
      ...['Resource', 'ContainerResource', 'Pods', 'Object', 'External'].map((type) => `"type":"${type}"`),
      ...['averageUtilization', 'averageValue', 'value', 'tolerance', 'selectPolicy', 'isDeleted'],
      ...['FailedGetResourceMetric', 'FailedGetContainerResourceMetric', 'FailedGetPodsMetric'],
      ...['FailedGetObjectMetric', 'FailedGetExternalMetric', 'ScalingDisabled', 'ScaleUpStabilized'],
      ...['ScaleDownStabilized', 'ScaleUpLimit', 'ScaleDownLimit', 'TooManyReplicas', 'TooFewReplicas'],
    ])
      expect(text).toContain(word);
  });
});

/** What the metrics are now is compared where the controller told it. */
function asFarAsTold({ current, ...answer }: Answer, told: Answer | undefined): Answer {
  return told?.current === undefined || current === undefined ? answer : { ...answer, current };
}
