import { dirname, join } from 'node:path/posix';
import type { SourceFile } from './imports.ts';

/** The names that doors let out and that have no docstring where they are declared, as `path: name`. Pure. */
export function unexplainedNames(doors: readonly string[], sources: readonly SourceFile[]): string[] {
  const texts = new Map(sources.map(({ path, text }) => [path, text]));
  const explained = new Map(sources.map(({ path, text }) => [path, explainedNames(text)]));
  const declarations = doors
    .flatMap((path) => passedOn(path, texts.get(path) ?? ''))
    .map((name) => declarationOf(name, texts))
    .filter(({ path, name }) => !explained.get(path)?.has(name))
    .map(({ path, name }) => `${path}: ${name}`);
  return [...new Set(declarations)].toSorted();
}

/** A name, and the file that it comes from. */
interface Name {
  readonly path: string;
  readonly name: string;
}

/** Some files only pass a name on to the door. */
function declarationOf({ path, name }: Name, texts: ReadonlyMap<string, string>): Name {
  const further = passedOn(path, texts.get(path) ?? '').find((each) => each.shown === name);
  return further === undefined ? { path, name } : declarationOf(further, texts);
}

/** What `export { a, type B as C } from './file.ts'` says: of the file `a` and `B`, the latter shown as `C`. */
function passedOn(path: string, text: string): (Name & { readonly shown: string })[] {
  return [...text.matchAll(/^export (?:type )?\{([^}]*)\} from '([^']+)';/gm)].flatMap(
    ([, names = '', from = '']) =>
      names
        .split(',')
        .map((each) => each.trim().replace(/^type /, ''))
        .filter((each) => each !== '')
        .map((each) => {
          const [name = '', shown = name] = each.split(' as ');
          return { path: join(dirname(path), from), name, shown };
        }),
  );
}

/** The exported names that have a docstring right above them. */
function explainedNames(text: string): ReadonlySet<string> {
  const pattern =
    /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\nexport (?:abstract |async )?(?:function\*?|class|interface|type|const) (\w+)/g;
  return new Set([...text.matchAll(pattern)].map(([, name]) => name as string));
}
