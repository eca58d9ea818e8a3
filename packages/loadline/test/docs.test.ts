import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { readLoadPlan } from 'loadline/load';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from './checkout.ts';

const pages = globSync(['*.md', 'docs/**/*.md', 'deploy/**/*.md', 'benchmarks/*.md', 'examples/*/*.md'], {
  cwd: root,
}).sort();

describe('a link in the docs', () => {
  const texts = new Map(pages.map((page) => [page, readFileSync(join(root, page), 'utf8')]));

  it.each(pages)('leads somewhere, from %s', (page) => {
    const links = [
      ...withoutCode(texts.get(page) ?? '').matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g),
    ];
    const lost = links.filter(([, path = '', anchor]) => {
      const file = path === '' ? page : normalize(join(dirname(page), path));
      if (globSync(file, { cwd: root }).length === 0) return true;
      return anchor !== undefined && !anchorsOf(readFileSync(join(root, file), 'utf8')).has(anchor);
    });
    expect(lost.map(([link]) => link)).toEqual([]);
  });
});

describe('a scenario file in the docs', () => {
  const shown = ['README.md', 'docs/guides/load-testing.md', 'docs/reference/find-limit.md'].flatMap((page) =>
    blocksOf(readFileSync(join(root, page), 'utf8'), 'yaml')
      .filter((block) => /^target:/m.test(block) && /^scenarios:/m.test(block))
      .map((block) => [page, block] as const),
  );
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'loadline-docs-'));
    const people = Array.from({ length: 50 }, (_, id) => `${id},token-${id}\n`);
    await writeFile(join(folder, 'people.csv'), `id,token\n${people.join('')}`);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each(shown)('has no problem, in %s: %s', async (_, block) => {
    const file = join(folder, 'load.yaml');
    await writeFile(file, block);
    await expect(readLoadPlan(file)).resolves.toMatchObject({ name: 'load' });
  });
});

function blocksOf(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(
    ([, block]) => block ?? '',
  );
}

function withoutCode(text: string): string {
  return text.replace(/^ *```.*?^ *```/gms, '').replace(/`[^`\n]*`/g, '');
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): Set<string> {
  const headings = text.replace(/^ *```.*?^ *```/gms, '').match(/^#+ .*/gm) ?? [];
  return new Set(
    headings.map((heading) =>
      heading
        .replace(/^#+ /, '')
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}
