import { relative } from 'node:path';

/** What scripts take from the environment, by name. */
export interface ScriptEnvironment {
  readonly values: Readonly<Record<string, string>>;
  /** Names that are not there, each with where it is used: `buy.ts, line 3: uses env('TOKEN'), …`. */
  readonly problems: readonly string[];
}

/** Of `user.env('NAME')`: known before the run, so that the value is, as a secret, and so that agents are sent it. */
const environmentCall = /\.env\(\s*(['"`])(\w+)\1\s*,?\s*\)/g;

/** The names that modules take from the environment. */
export function environmentCalls(modules: ReadonlyMap<string, string>): string[] {
  const names = modules
    .values()
    .flatMap((text) => text.matchAll(environmentCall).map((found) => found[2] as string));
  return [...new Set(names)];
}

/** @param folder from which the modules' paths are shown. */
export function scriptEnvironment(
  modules: ReadonlyMap<string, string>,
  env: Readonly<Record<string, string | undefined>>,
  folder: string,
): ScriptEnvironment {
  const values: Record<string, string> = {};
  const problems: string[] = [];
  for (const [path, text] of modules) {
    for (const { 2: name = '', index } of text.matchAll(environmentCall)) {
      const value = Object.hasOwn(env, name) ? env[name] : undefined;
      if (value !== undefined) values[name] = value;
      else {
        const line = text.slice(0, index).split('\n').length;
        problems.push(
          `${relative(folder, path)}, line ${line}: uses env('${name}'), which is not in the environment`,
        );
      }
    }
  }
  return { values, problems: [...new Set(problems)] };
}
