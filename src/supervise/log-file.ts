// The log file: whole lines of several writers are appended to it, also after it was rotated away. Used by the supervisor
// for its own log and for what its workers print. A full disk loses lines, and never ends or stops a server.
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { toError, WsgiServeError } from '../errors.js';

/** A log file, its descriptor, and what could not be written to it. */
export class LogFile {
  readonly path: string;
  readonly #tell: (text: string) => void;
  readonly #now: () => number;
  #fd: number;
  #lost = 0;
  #toldAt = Number.NEGATIVE_INFINITY;
  /** Whether the last line in it is one that could not be written to its end. */
  #isTorn = false;

  /**
   * Opens `path` for appending. Throws `log-file`. `tell` gets what is to be said where the log cannot be written;
   * `now` is in milliseconds.
   */
  constructor(path: string, tell = tellOnStandardError, now = () => performance.now()) {
    this.path = path;
    this.#tell = tell;
    this.#now = now;
    this.#fd = openLogFile(path);
  }

  /** How many lines could not be written so far. */
  get lost(): number {
    return this.#lost;
  }

  /** Appends whole lines before it returns, so that nobody can fill the memory with them. Never throws. */
  write(lines: Uint8Array): void {
    let done = 0;
    try {
      if (this.#isTorn) writeSync(this.#fd, '\n');
      this.#isTorn = false;
      while (done < lines.length) done += writeSync(this.#fd, lines, done);
    } catch (error) {
      if (done > 0) this.#isTorn = lines[done - 1] !== NEWLINE;
      this.#lose(countLines(lines.subarray(done)), toError(error));
    }
  }

  /**
   * Goes on in a new file of the same name, as after a rotation. Where that cannot be opened it goes on in the old one,
   * and the result is the `log-file` error.
   */
  reopen(): WsgiServeError | null {
    try {
      const fd = openLogFile(this.path);
      closeSync(this.#fd);
      [this.#fd, this.#isTorn] = [fd, false];
      return null;
    } catch (error) {
      if (error instanceof WsgiServeError) return error;
      throw error;
    }
  }

  /** What is written from now on is lost. */
  close(): void {
    closeSync(this.#fd);
    this.#fd = -1;
  }

  #lose(lines: number, error: Error): void {
    this.#lost += lines;
    if (this.#now() - this.#toldAt < TELL_EVERY) return;
    this.#toldAt = this.#now();
    this.#tell(
      `wsgi-serve: ${this.path} cannot be written, ${this.#lost} lines are lost so far: ${error.message}\n`,
    );
  }
}

/** Joins the pieces that come out of one pipe to whole lines, so that those of several pipes do not mix. */
export class LineSink {
  readonly #write: (lines: Uint8Array) => void;
  readonly #limit: number;
  #pieces: Buffer[] = [];
  #size = 0;

  /** `write` gets one line or more, each with its newline. A line of over `limit` bytes is cut in several. */
  constructor(write: (lines: Uint8Array) => void, limit = 65_536) {
    this.#write = write;
    this.#limit = limit;
  }

  push(chunk: Buffer): void {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      this.#write(Buffer.concat([...this.#pieces, chunk.subarray(0, end)]));
      [this.#pieces, this.#size] = [[], 0];
    }
    this.#keep(chunk.subarray(end));
  }

  /** The writer is gone: what it began counts as a line. */
  end(): void {
    if (this.#size > 0) this.#write(Buffer.concat([...this.#pieces, Buffer.of(NEWLINE)]));
    [this.#pieces, this.#size] = [[], 0];
  }

  #keep(rest: Buffer): void {
    if (rest.length === 0) return;
    this.#pieces.push(rest);
    this.#size += rest.length;
    if (this.#size > this.#limit) this.end();
  }
}

/** Lets a stream's lines go to `write` until it ends; a stream that fails has ended. */
export function writeLinesOf(stream: NodeJS.ReadableStream, write: (lines: Uint8Array) => void): void {
  const sink = new LineSink(write);
  stream.on('data', (chunk: Buffer) => sink.push(chunk));
  stream.on('end', () => sink.end());
  stream.on('error', () => sink.end());
}

/**
 * Appends. A pipe that nobody reads is an error, which else would hold up the whole program; a terminal does not become
 * that of a server in the background.
 */
const FLAGS =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK | constants.O_NOCTTY;

/** A descriptor that appends to `path`, which is made where it is missing. Throws `log-file`. */
export function openLogFile(path: string): number {
  try {
    return openSync(path, FLAGS);
  } catch (error) {
    const message = `the log file ${path} cannot be written: ${toError(error).message}`;
    throw new WsgiServeError('log-file', message, { cause: error });
  }
}

const NEWLINE = 0x0a;

/** Milliseconds. */
const TELL_EVERY = 60_000;

function countLines(bytes: Uint8Array): number {
  return bytes.reduce((lines, byte) => (byte === NEWLINE ? lines + 1 : lines), 0);
}

/** Not the stream, whose error would come later and end the process. */
function tellOnStandardError(text: string): void {
  try {
    writeSync(2, text);
  } catch {
    // There is nowhere left to say it.
  }
}
