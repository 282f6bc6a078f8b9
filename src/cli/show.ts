// `wsgi-serve show FILE...`: what was resolved, for people, for programs, and for other Node tools. Called by main.ts.
// Imports nothing of the user's, and no server.
import { dumpDeployment } from '../config/dump.js';
import { flatDeployment } from '../config/flat.js';
import { openDeployment } from '../config/open-deployment.js';
import { renderTree } from '../config/tree.js';
import { parseFile, parseVariables } from './arguments.js';

export type ShowFormat = 'tree' | 'json' | 'ini';

/** Writes one document a file; as JSON a single one for one file, an array for several. */
export function showCommand(
  words: readonly string[],
  format: ShowFormat,
  write: (text: string) => void,
): void {
  const files = words.filter((word) => !isVariable(word)).map(parseFile);
  const options = { variables: parseVariables(words.filter(isVariable)) };
  if (format === 'json') {
    const documents = files.map(({ file }) => dumpDeployment(file, options));
    write(`${JSON.stringify(documents.length === 1 ? documents[0] : documents, null, 2)}\n`);
    return;
  }
  for (const { file, appName } of files) {
    const opened = openDeployment(file, options);
    const selection = { serverName: null, appName };
    write(format === 'ini' ? flatDeployment(opened) : renderTree(opened, selection, process.cwd()));
  }
}

/** A file whose name holds `=` can be given with a folder: `./a=b.ini`. */
function isVariable(word: string): boolean {
  return /^[^./\\][^/\\]*=/.test(word) && !word.startsWith('config:');
}
