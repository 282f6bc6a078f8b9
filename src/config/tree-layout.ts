// A tree of rows as text: branches, then two aligned columns. Called by tree.ts.
// Knows nothing of deployments.

/** A row and the rows below it. */
export interface TreeNode {
  readonly label: string;
  readonly detail: string;
  readonly place: string;
  readonly children: readonly TreeNode[];
}

/** Wider cells push their own row aside instead of every row. */
const WIDEST_CELL = 60;

/** Each root with everything below it, an empty line between roots. Rows without a place are headings, out of line. */
export function layoutTree(roots: readonly TreeNode[]): string {
  const trees = roots.map((root) => [...rowsOf(root, '', '')]);
  const full = trees.flat().filter(([, , place]) => place !== '');
  const widths = [0, 1].map((column) => columnWidth(full.map((row) => row[column] ?? '')));
  const line = (row: Row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return trees.map((rows) => `${rows.map(line).join('\n')}\n`).join('\n');
}

type Row = readonly [label: string, detail: string, place: string];

function* rowsOf(node: TreeNode, branch: string, indent: string): Iterable<Row> {
  yield [branch + node.label, node.detail, node.place];
  for (const [index, child] of node.children.entries()) {
    const last = index === node.children.length - 1;
    yield* rowsOf(
      child,
      `${indent}${last ? '\u2514\u2500 ' : '\u251c\u2500 '}`,
      `${indent}${last ? '   ' : '\u2502  '}`,
    );
  }
}

function columnWidth(cells: readonly string[]): number {
  return cells.reduce((width, { length }) => (length > WIDEST_CELL ? width : Math.max(width, length)), 0);
}
