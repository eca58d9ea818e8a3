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
 * Reads a command's words strictly: options that are not known are an error that names the closest to each.
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
    const unknown = unknownAmong(args, options);
    const found =
      unknown.length === 0 ? `${message.split('. ')[0]}. ${namesOf(options)}` : tellUnknown(unknown, options);
    throw cliError('CLI_USAGE', `Cannot understand \`loadline ${command}\`: ${found}`, { cause });
  }
}

/** All of them, as they were typed. */
function unknownAmong(args: readonly string[], options: OptionTable): readonly string[] {
  const { tokens } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  return [
    ...new Set(
      tokens.flatMap((token) =>
        token.kind === 'option' && !Object.hasOwn(options, token.name) ? [token.rawName] : [],
      ),
    ),
  ];
}

function tellUnknown(unknown: readonly string[], options: OptionTable): string {
  const known = Object.keys(options).map((name) => `--${name}`);
  const told = unknown.map((name) => ({ name, meant: meantBy(name, known) }));
  const [only, ...others] = told;
  if (only !== undefined && others.length === 0) {
    const hint = only.meant.length === 0 ? namesOf(options) : `Did you mean ${only.meant.join(' or ')}?`;
    return `there is no option ${only.name}. ${hint}`;
  }
  const each = told.map(({ name, meant }) =>
    meant.length === 0 ? name : `${name} (did you mean ${meant.join(' or ')}?)`,
  );
  const hint = told.some(({ meant }) => meant.length === 0) ? ` ${namesOf(options)}` : '';
  return `there are no options ${each.join(', ')}.${hint}`;
}

function namesOf(options: OptionTable): string {
  return `Its options: ${Object.keys(options)
    .map((name) => `--${name}`)
    .join(' ')}.`;
}

/** The one that was mistyped; or those of which only the beginning was said, or more than there is. */
function meantBy(unknown: string, known: readonly string[]): readonly string[] {
  const mistyped = closest(unknown, known);
  if (mistyped !== undefined) return [mistyped];
  return known.filter((name) => name.startsWith(unknown) || unknown.startsWith(`${name}-`));
}
