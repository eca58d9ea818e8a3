import { writeNginxConfiguration } from 'loadline/traffic';
import { expect, it } from 'vitest';

it('an option of nginx that is not known is refused, with what was probably meant', () => {
  // Plain JavaScript may give what the types refuse.
  const misspelt = { folder: '/var/lib/nginx', controlport: 8082, listen: ['8080'], reloadEveryMS: 100 };
  expect(() =>
    writeNginxConfiguration(misspelt as unknown as Parameters<typeof writeNginxConfiguration>[0]),
  ).toThrow(
    expect.objectContaining({
      code: 'TRAFFIC_OPTIONS_INVALID',
      message: expect.stringMatching(
        /controlport is not known; did you mean controlPort\?; reloadEveryMS is not known; did you mean reloadEveryMs\?/,
      ),
    }),
  );
});
