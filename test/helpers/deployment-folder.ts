// A folder with a deployment in it, for tests that start the real program; removed when the test is done with it.
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export class DeploymentFolder {
  readonly path: string;

  /** `files` by their path in the folder. */
  constructor(files: Readonly<Record<string, string>> = {}) {
    this.path = realpathSync(mkdtempSync(join(tmpdir(), 'wsgi-serve-test-')));
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.file(name)), { recursive: true });
    writeFileSync(this.file(name), text);
  }

  exists(name: string): boolean {
    return existsSync(this.file(name));
  }

  /** Copies a folder's files into this one. */
  copy(folder: string): void {
    cpSync(folder, this.path, { recursive: true });
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
