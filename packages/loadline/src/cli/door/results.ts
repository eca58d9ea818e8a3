import type { LoadReport } from '../../load/index.ts';
import { checkWritable, writeResultFile } from './result-file.ts';

/** The files that a run may leave, by the option that asks for each. */
export const resultOptions = {
  json: { type: 'string' },
  html: { type: 'string' },
  junit: { type: 'string' },
  csv: { type: 'string' },
  markdown: { type: 'string' },
} as const;

type Kind = keyof typeof resultOptions;

export type ResultFiles = { readonly [Each in Kind]?: string | undefined };

const kinds = Object.keys(resultOptions) as Kind[];

/** Before the run, because afterwards an hour may have been in vain. @throws CLI_OUTPUT_UNWRITABLE */
export async function checkResultFiles(files: ResultFiles): Promise<void> {
  for (const kind of kinds) {
    const file = files[kind];
    if (file !== undefined && file !== '-') await checkWritable(file);
  }
}

/** The result that is asked for on the standard output, by `-`; undefined where none is. */
export async function resultForOutput(files: ResultFiles, report: LoadReport): Promise<string | undefined> {
  const kind = kinds.find((each) => files[each] === '-');
  return kind === undefined ? undefined : await render(kind, report);
}

/**
 * Writes all the files that can be written, says which, and then complains of the first that cannot.
 *
 * @throws CLI_OUTPUT_UNWRITABLE
 */
export async function writeResultFiles(
  files: ResultFiles,
  report: LoadReport,
  tell: (line: string) => void,
): Promise<void> {
  const writes = kinds.flatMap((kind) => {
    const file = files[kind];
    return file === undefined || file === '-'
      ? []
      : [
          render(kind, report)
            .then((text) => writeResultFile(file, text))
            .then(() => file),
        ];
  });
  const ends = await Promise.allSettled(writes);
  const written = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
  if (written.length > 0) tell(`The report is in ${written.join(', ')}.`);
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** What makes results is only read in when one is asked for: a run begins sooner without. */
async function render(kind: Kind, report: LoadReport): Promise<string> {
  if (kind === 'json') return `${JSON.stringify(report, undefined, 2)}\n`;
  const output = await import('../../load/output/index.ts');
  switch (kind) {
    case 'html':
      return output.renderHtml(report);
    case 'junit':
      return output.renderJunit(report);
    case 'csv':
      return output.renderCsv(report);
    case 'markdown':
      return output.renderMarkdown(report);
  }
}
