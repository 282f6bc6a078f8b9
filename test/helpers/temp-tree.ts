// A folder of files that exists for one test: what cannot lie in the repository, such as node_modules and broken TypeScript.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface TempTree extends Disposable {
  /** Absolute, without links in it. */
  readonly folder: string;
}

/** Writes `files` (text by relative path) to a new folder, which is gone when the tree is disposed of. */
export function tempTree(files: Readonly<Record<string, string>>): TempTree {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'wsgi-serve-test-')));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}
