import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { closest } from '../../base/index.ts';
import { cliError } from './errors.ts';

/** Options by their names, as `util.parseArgs` takes them. */
export type OptionTable = ParseArgsOptionsConfig;

/** What stood after a command. */
export interface Words<Options extends OptionTable> {
  readonly options: ReturnType<typeof parseArgs<{ options: Options; allowPositionals: true }>>['values'];
  readonly positionals: readonly string[];
}

/**
 * Reads a command's words strictly: an option that is not known is an error that names the closest.
 *
 * @throws CLI_USAGE
 */
export function readWords<const Options extends OptionTable>(
  command: string,
  args: readonly string[],
  options: Options,
): Words<Options> {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    return { options: values, positionals };
  } catch (cause) {
    const { message } = cause as Error;
    const dashed = /^Option '(?:-\w, )?(--[^ ']+)[^']*' argument is ambiguous/.exec(message)?.[1];
    if (dashed !== undefined)
      throw cliError(
        'CLI_USAGE',
        `Cannot understand \`loadline ${command}\`: ${dashed} is followed by what looks like an option; a value that begins with a dash is written ${dashed}=VALUE.`,
        { cause },
      );
    const known = Object.keys(options).map((name) => `--${name}`);
    const unknown = /Unknown option '(-[^']*)'/.exec(message)?.[1];
    const meant = unknown === undefined ? [] : meantBy(unknown, known);
    const found = unknown === undefined ? message.split('. ')[0] : `there is no option ${unknown}`;
    const hint =
      meant.length === 0 ? `Its options: ${known.join(' ')}.` : `Did you mean ${meant.join(' or ')}?`;
    throw cliError('CLI_USAGE', `Cannot understand \`loadline ${command}\`: ${found}. ${hint}`, { cause });
  }
}

/** The one that was mistyped; or those of which only the beginning was said, or more than there is. */
function meantBy(unknown: string, known: readonly string[]): readonly string[] {
  const mistyped = closest(unknown, known);
  if (mistyped !== undefined) return [mistyped];
  return known.filter((name) => name.startsWith(unknown) || unknown.startsWith(`${name}-`));
}
