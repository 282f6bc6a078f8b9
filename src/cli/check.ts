// `wsgi-serve check FILE`: everything but listening, and every problem at once. Called by main.ts.
import { type ExitCode, isWarning, type WsgiServeError, worstExitCode } from '../errors.js';
import { checkDeployment } from '../listen/check.js';
import { causeText, problemText } from '../supervise/failure.js';
import { parseFile, parseVariables } from './arguments.js';

export type CheckFormat = 'text' | 'json';

/** Writes what was found; the exit code is that of the worst problem, 0 where there are only warnings. */
export async function checkCommand(
  word: string,
  words: readonly string[],
  format: CheckFormat,
  write: (text: string) => void,
): Promise<ExitCode> {
  const { file } = parseFile(word);
  const check = () => checkDeployment(file, { variables: parseVariables(words) });
  const problems = await toItsEnd(file, () => (format === 'json' ? printingToStderr(check) : check()));
  write(format === 'json' ? asJson(file, problems) : asText(file, problems, process.cwd()));
  return worstExitCode(problems);
}

/** Code of the user's may call process.exit(), which is no reason to call a file fine. */
async function toItsEnd<T>(file: string, run: () => Promise<T>): Promise<T> {
  const onExit = (): void => {
    process.exitCode = 3;
    process.stderr.write(`${file}: a module or a factory has ended the process before the check was done\n`);
  };
  process.once('exit', onExit);
  try {
    return await run();
  } finally {
    process.off('exit', onExit);
  }
}

/** What modules and factories print would end up in the middle of a document that programs read. */
async function printingToStderr<T>(run: () => Promise<T>): Promise<T> {
  const { stdout, stderr } = process;
  const { write } = stdout;
  stdout.write = stderr.write.bind(stderr);
  try {
    return await run();
  } finally {
    stdout.write = write;
  }
}

function asText(file: string, problems: readonly WsgiServeError[], cwd: string): string {
  const warnings = problems.filter(isWarning).length;
  const counts = [counted(problems.length - warnings, 'problem'), counted(warnings, 'warning')];
  const texts = problems.map((problem) => `${problemText(problem, cwd)}\n\n`);
  return `${texts.join('')}${file}: ${counts.join(', ')}\n`;
}

function counted(count: number, what: string): string {
  return `${count === 0 ? 'no' : count} ${what}${count === 1 ? '' : 's'}`;
}

function asJson(file: string, problems: readonly WsgiServeError[]): string {
  const document = { file, ok: problems.every(isWarning), problems: problems.map(problemRecord) };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Lines and columns count from 1; what is not known is null. */
function problemRecord(problem: WsgiServeError): object {
  const { code, message, hint, place } = problem;
  const origin = place?.origin ?? null;
  return {
    severity: isWarning(problem) ? 'warning' : 'error',
    code,
    message,
    hint,
    file: origin?.file ?? null,
    line: origin?.span?.start.line ?? null,
    column: origin?.span?.start.column ?? null,
    section: origin?.section ?? null,
    key: origin?.key ?? null,
    cause: causeText(problem),
    related: problem.related.map(({ note, place: { origin: at } }) => ({
      note,
      file: at.file,
      line: at.span?.start.line ?? null,
      column: at.span?.start.column ?? null,
    })),
  };
}
