/**
 * Draws the building for ARCHITECTURE.md from test/floors.ts. Pure; tools/write-docs.ts writes it, and the
 * architecture test holds the page against it.
 */

interface DrawnStorey {
  readonly name: string;
  readonly says: string;
  readonly rows: readonly (readonly string[])[];
}

const surfaces = [
  'surfaces',
  'control-plane ◂── dashboard',
  'people and machines come in           (apps)',
] as const;

/** The picture as the lines between the page's first pair of code fences. */
export function drawPicture(storeys: readonly DrawnStorey[]): string {
  const lines = storeys.map((storey, index) => {
    const level = storeys.length - 1 - index;
    const rooms = storey.rows.map((row) => row.join(storey.rows.length > 1 ? ', ' : '   ')).join(' ─ ');
    return line(` ${level}  ${storey.name}`, rooms, storey.says);
  });
  return [line(`    ${surfaces[0]}`, surfaces[1], surfaces[2]), ...lines].join('\n');
}

/** The picture that a page shows: what its first code block holds. */
export function pictureIn(page: string): string | undefined {
  return /```\n([\s\S]*?)\n?```/.exec(page)?.[1];
}

/** The page with this picture in place of the one it shows. */
export function withPicture(page: string, picture: string): string {
  return page.replace(/```\n[\s\S]*?```/, () => `\`\`\`\n${picture}\n\`\`\``);
}

function line(floor: string, rooms: string, says: string): string {
  return `${floor.padEnd(15)}${rooms.padEnd(72)} ${says}`.trimEnd();
}
