import { open } from 'node:fs/promises';
import { formatBytes } from '../../base/index.ts';

/**
 * Reads a file of at most so many bytes.
 *
 * @throws Error, whose message completes "people.csv: …".
 */
export async function readWhole(path: string, bytesMax: number): Promise<Buffer> {
  await using file = await open(path).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(cause.code === 'ENOENT' ? 'there is no such file' : cause.message, { cause });
  });
  // A pipe or a device does not say beforehand how much it has.
  const { size } = await file.stat();
  const pieces: Buffer[] = [];
  let bytes = size > bytesMax ? size : 0;
  while (bytes <= bytesMax) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(65_536), 0, 65_536);
    if (bytesRead === 0) return Buffer.concat(pieces);
    bytes += bytesRead;
    pieces.push(buffer.subarray(0, bytesRead));
  }
  throw new Error(`the limit is ${formatBytes(bytesMax)}`);
}
