import { dirname, join, normalize } from 'node:path/posix';

/** One source file of the checkout, by its path from the root. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** What the checker knows of the building. */
export interface Building {
  readonly floors: readonly (readonly string[])[];
  /** Workspace name → its folder, for example `loadline` → `packages/loadline`. */
  readonly workspaceFolders: Readonly<Record<string, string>>;
  readonly workspaceImports: Readonly<Record<string, readonly string[]>>;
}

export type ViolationKind =
  | 'up'
  | 'sideways'
  | 'past a door'
  | 'own door'
  | 'unknown room'
  | 'workspace'
  | 'file cycle'
  | 'folder cycle';

export interface Violation {
  readonly kind: ViolationKind;
  readonly from: string;
  readonly to: string;
}

interface Arrow {
  readonly from: string;
  readonly to: string;
}

/** Holds every import between the given files against the building. Pure. */
export function findViolations(files: readonly SourceFile[], building: Building): Violation[] {
  const arrows = files.flatMap((file) => arrowsOf(file, building));
  const known = new Set(files.map((file) => file.path));
  const inside = arrows.filter((arrow) => known.has(arrow.to));
  return [
    ...arrows.flatMap((arrow) => judgeArrow(arrow, building, known)),
    ...cycles(inside, (path) => path).map((cycle) => ({ kind: 'file cycle' as const, ...cycle })),
    ...cycles(inside.filter(isNotDoor), dirname).map((cycle) => ({
      kind: 'folder cycle' as const,
      ...cycle,
    })),
  ];
}

/** A door stands in its room's wall: what it lets out makes no circle between the room's folders. */
function isNotDoor(arrow: Arrow): boolean {
  return !arrow.from.endsWith('/index.ts');
}

/** The files that a file imports, by path from the root; packages that are not ours are left out. */
function arrowsOf(file: SourceFile, building: Building): Arrow[] {
  return importedNames(file.text).flatMap((name) => {
    if (name.startsWith('.')) return [{ from: file.path, to: normalize(join(dirname(file.path), name)) }];
    const to = fileBehind(name, building);
    return to === undefined ? [] : [{ from: file.path, to }];
  });
}

/** `loadline/cache` → `packages/loadline/src/cache/index.ts`. */
function fileBehind(name: string, { workspaceFolders }: Building): string | undefined {
  const owner = Object.keys(workspaceFolders).find((each) => name === each || name.startsWith(`${each}/`));
  if (owner === undefined) return undefined;
  const rest = name.slice(owner.length + 1);
  return join(workspaceFolders[owner] as string, 'src', rest, 'index.ts');
}

/** Names after `from`, `import`, in `import(…)`, and of code in `new URL(…, import.meta.url)`; comments do not count. */
export function importedNames(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|(^|[^:'"`])\/\/.*$/gm, '$1');
  const pattern =
    /(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"\n]+)['"]|new URL\(\s*['"](\.[^'"\n]+\.[jt]s)['"],\s*import\.meta\.url/g;
  return [...code.matchAll(pattern)].map((match) => (match[1] ?? match[2]) as string);
}

function judgeArrow({ from, to }: Arrow, building: Building, known: ReadonlySet<string>): Violation[] {
  const source = placeOf(from, building);
  const target = placeOf(to, building);
  if (source === undefined || target === undefined) return [];
  if (source.workspace !== target.workspace) {
    const allowed = building.workspaceImports[source.workspace] ?? [];
    if (!allowed.includes(target.workspace)) return [{ kind: 'workspace', from, to }];
  } else if (source.room === target.room) {
    return target.isDoor && source.room !== undefined ? [{ kind: 'own door', from, to }] : [];
  }
  const violations: Violation[] = [];
  const isDoor = target.isDoor || (target.isSideDoor && known.has(to));
  if (!isDoor) violations.push({ kind: 'past a door', from, to });
  if (source.workspace === target.workspace)
    violations.push(...judgeFloors(source, target, { from, to }, building));
  return violations;
}

function judgeFloors(source: Place, target: Place, arrow: Arrow, { floors }: Building): Violation[] {
  const rowOf = (room: string | undefined) => floors.findIndex((row) => row.includes(room ?? ''));
  const sourceRow = rowOf(source.room);
  const targetRow = rowOf(target.room);
  if (sourceRow < 0 || targetRow < 0) return [{ kind: 'unknown room', ...arrow }];
  if (targetRow < sourceRow) return [{ kind: 'up', ...arrow }];
  return targetRow === sourceRow ? [{ kind: 'sideways', ...arrow }] : [];
}

interface Place {
  readonly workspace: string;
  /** The folder below `src`; undefined in workspaces that are one room. */
  readonly room: string | undefined;
  readonly isDoor: boolean;
  /** The door of a folder in a room, where there is one: for what not everybody who comes in should have to carry. */
  readonly isSideDoor: boolean;
}

function placeOf(path: string, { workspaceFolders }: Building): Place | undefined {
  const workspace = Object.keys(workspaceFolders).find((name) =>
    path.startsWith(`${workspaceFolders[name]}/`),
  );
  if (workspace === undefined) return undefined;
  const below = path.slice((workspaceFolders[workspace] as string).length + 1).split('/');
  if (workspace !== 'loadline')
    return { workspace, room: undefined, isDoor: below.join('/') === 'src/index.ts', isSideDoor: false };
  const opens = below.at(-1) === 'index.ts';
  return {
    workspace,
    room: below[1],
    isDoor: opens && below.length === 3,
    isSideDoor: opens && below.length === 4,
  };
}

/** One arrow of every knot: two places that can be reached from each other (Tarjan's components). */
function cycles(arrows: readonly Arrow[], placeOfPath: (path: string) => string): Arrow[] {
  const next = new Map<string, Set<string>>();
  for (const arrow of arrows) {
    const from = placeOfPath(arrow.from);
    const to = placeOfPath(arrow.to);
    if (from === to && from !== arrow.from) continue;
    next.set(from, (next.get(from) ?? new Set()).add(to));
  }
  return [...next.keys()]
    .filter((place) => reaches(next, place, place))
    .map((place) => ({
      from: place,
      to: [...(next.get(place) ?? [])].find((to) => reaches(next, to, place) || to === place) ?? place,
    }));
}

function reaches(next: ReadonlyMap<string, ReadonlySet<string>>, from: string, goal: string): boolean {
  const seen = new Set<string>();
  const waiting = [...(next.get(from) ?? [])];
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    if (place === goal) return true;
    if (seen.has(place)) continue;
    seen.add(place);
    waiting.push(...(next.get(place) ?? []));
  }
  return false;
}
