import { type LoadReport, renderCsv, renderHtml, renderJunit, renderMarkdown } from '../../load/index.ts';
import { checkWritable, writeResultFile } from './result-file.ts';

/** The files that a run may leave, by the option that asks for each. */
const renderers = {
  json: (report: LoadReport): string => `${JSON.stringify(report, undefined, 2)}\n`,
  html: (report: LoadReport): string => renderHtml(report),
  junit: (report: LoadReport): string => renderJunit(report),
  csv: (report: LoadReport): string => renderCsv(report),
  markdown: (report: LoadReport): string => renderMarkdown(report),
} as const;

export const resultOptions = {
  json: { type: 'string' },
  html: { type: 'string' },
  junit: { type: 'string' },
  csv: { type: 'string' },
  markdown: { type: 'string' },
} as const;

type Kind = keyof typeof resultOptions;

export type ResultFiles = { readonly [Each in Kind]?: string | undefined };

const kinds = Object.keys(renderers) as Kind[];

/** Before the run, because afterwards an hour may have been in vain. @throws CLI_OUTPUT_UNWRITABLE */
export async function checkResultFiles(files: ResultFiles): Promise<void> {
  for (const kind of kinds) {
    const file = files[kind];
    if (file !== undefined && file !== '-') await checkWritable(file);
  }
}

/** The result that is asked for on the standard output, by `-`; undefined where none is. */
export function resultForOutput(files: ResultFiles, report: LoadReport): string | undefined {
  const kind = kinds.find((each) => files[each] === '-');
  return kind === undefined ? undefined : renderers[kind](report);
}

/** Writes all the files that can be written, and then complains of the first that cannot. @throws CLI_OUTPUT_UNWRITABLE */
export async function writeResultFiles(files: ResultFiles, report: LoadReport): Promise<void> {
  const writes = kinds.flatMap((kind) => {
    const file = files[kind];
    return file === undefined || file === '-' ? [] : [writeResultFile(file, renderers[kind](report))];
  });
  const failed = (await Promise.allSettled(writes)).find((write) => write.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
