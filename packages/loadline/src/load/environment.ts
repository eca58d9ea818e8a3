import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { packageFolder } from '../base/index.ts';

/** Where a run's load was made: what else differs when two runs do. */
export interface Environment {
  /** Versions. */
  readonly loadline: string;
  readonly node: string;
  readonly os: string;
  readonly arch: string;
  readonly cpuModel: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** How many generators made the load. */
  readonly workers: number;
}

/** This machine, as far as a run depends on it. */
export function thisEnvironment(workers: number): Environment {
  return {
    loadline: ownVersion(),
    node: process.version,
    os: process.platform,
    arch: process.arch,
    cpuModel: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    workers,
  };
}

function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('package.json', packageFolder), 'utf8')) as {
    version: string;
  };
  return version;
}
