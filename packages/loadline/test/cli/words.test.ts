import { exitCodeOf, readWords } from 'loadline/cli';
import { describe, expect, it } from 'vitest';

const options = {
  target: { type: 'string' },
  quiet: { type: 'boolean' },
  host: { type: 'string', multiple: true },
  'proxy-host': { type: 'string' },
  'proxy-port': { type: 'string' },
} as const;

describe('readWords()', () => {
  it('parts options from the rest', () => {
    const { options: given, positionals } = readWords(
      'run',
      ['a', '--target=x', '--quiet', '--host', '1', '--host', '2', 'b'],
      options,
    );
    expect({ ...given }).toEqual({ target: 'x', quiet: true, host: ['1', '2'] });
    expect(positionals).toEqual(['a', 'b']);
  });

  it.each([
    [
      ['--speed', 'x'],
      /there is no option --speed. Its options: --target --quiet --host --proxy-host --proxy-port/,
    ],
    [['--traget', 'x'], /there is no option --traget. Did you mean --target\?/],
    [['--tar', 'x'], /there is no option --tar. Did you mean --target\?/],
    [['--proxy', 'x'], /there is no option --proxy. Did you mean --proxy-host or --proxy-port\?/],
    [['--quiet-please'], /there is no option --quiet-please. Did you mean --quiet\?/],
    [['-x'], /there is no option -x/],
    [
      ['--traget', 'x', '--quite', '--traget=y'],
      /: there are no options --traget \(did you mean --target\?\), --quite \(did you mean --quiet\?\)\.$/,
    ],
    [['--quite', '--speed'], /: there are no options --quite \(did .*\?\), --speed\. Its options: --target/],
    [['--target'], /argument missing/],
    [
      ['--target', '-1'],
      /: --target is followed by what looks like an option; a value that begins with a dash is written --target=VALUE\.$/,
    ],
    [['--quiet=yes'], /does not take an argument/],
    [['--__proto__', 'x'], /there is no option --__proto__/],
  ])('refuses %j', (args, message) => {
    expect(() => readWords('run', args, options)).toThrow(
      expect.objectContaining({ code: 'CLI_USAGE', message: expect.stringMatching(message) }),
    );
  });
});

describe('exitCodeOf()', () => {
  it('has a code of its own for each verdict', () => {
    const all = ['passed', 'inconclusive', 'invalid', 'failed', 'interrupted'] as const;
    expect(all.map(exitCodeOf)).toEqual([0, 97, 98, 99, 130]);
  });
});
