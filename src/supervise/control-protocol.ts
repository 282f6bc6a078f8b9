// What commands and a running supervisor say to each other over the control socket: JSON, one line a command and one
// line an answer. Types, and how a line is told from nonsense; control-server.ts and control-client.ts speak it.
import { WsgiServeError } from '../errors.js';
import type { Failure, ImportChain } from './messages.js';

/** What a command says besides its kind, by kind. */
export interface ControlArguments {
  readonly ping: object;
  readonly status: object;
  readonly workers: object;
  readonly reload: object;
  readonly restart: object;
  readonly stop: object;
  /** How many workers there are to be: 0 to 1024. */
  readonly scale: { readonly workers: number };
  /** An absolute path. */
  readonly why: { readonly file: string };
}

export type ControlKind = keyof ControlArguments;

/** A command of one kind; with `wait` it is answered when it has been carried out, else when it was understood. */
export type CommandOf<Kind extends ControlKind> = {
  readonly [K in Kind]: { readonly kind: K; readonly wait: boolean } & ControlArguments[K];
}[Kind];

/** Any command. */
export type ControlCommand = CommandOf<ControlKind>;

/** What comes back, by kind; null for something that nobody waited for. */
export interface ControlResults {
  readonly ping: { readonly pid: number };
  readonly status: StatusReport;
  readonly workers: readonly WorkerReport[];
  /** Milliseconds that it took. */
  readonly reload: { readonly generation: number; readonly took: number } | null;
  /** Of the supervisor that took over. */
  readonly restart: { readonly pid: number } | null;
  /** How many connections were cut. */
  readonly stop: { readonly cut: number } | null;
  /** How many workers there are to be now. */
  readonly scale: { readonly workers: number };
  readonly why: readonly ImportChain[];
}

export type ControlResponse<Result = unknown> =
  | { readonly ok: true; readonly result: Result }
  | { readonly ok: false; readonly failure: Failure };

/** The state of a server. */
export interface StatusReport {
  /** Of the supervisor. */
  readonly pid: number;
  /** Of wsgi-serve. */
  readonly version: string;
  /** The deployment file: absolute. */
  readonly file: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** Seconds. */
  readonly uptime: number;
  readonly generation: number;
  readonly state: 'starting' | 'serving' | 'reloading' | 'stopping';
  readonly mode: 'workers' | 'development';
  readonly servers: readonly { readonly name: string; readonly url: string }[];
  readonly workers: readonly WorkerReport[];
  readonly lastReload: ReloadReport | null;
  /** How many files the deployment stands on. */
  readonly files: number;
}

/** The state of a worker. */
export interface WorkerReport {
  readonly pid: number;
  readonly generation: number;
  readonly state: 'starting' | 'serving' | 'leaving' | 'draining';
  /** Seconds. */
  readonly uptime: number;
  /** Resident bytes. */
  readonly memory: number;
  /** Requests so far, and under way. */
  readonly answered: number;
  readonly busy: number;
  /** How often a worker in this place has died. */
  readonly restarts: number;
}

/** What came of the last attempt to reload. */
export interface ReloadReport {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly outcome: 'ok' | 'failed';
  /** Milliseconds. */
  readonly took: number;
  /** Why it failed; null where it did not. */
  readonly failure: Failure | null;
}

/** The command of a line; without `wait` nobody waits. Throws `bad-command`. */
export function parseCommand(line: string): ControlCommand {
  const data = parseJson(line);
  const kind = isRecord(data) ? data['kind'] : undefined;
  if (!isRecord(data) || typeof kind !== 'string' || !isKind(kind)) {
    throw new WsgiServeError('bad-command', `this is no command: ${line.slice(0, 200)}`, {
      hint: `A command is a line of JSON with "kind" and "wait"; the kinds are ${KINDS.join(', ')}`,
    });
  }
  const wait = data['wait'] === true;
  if (kind === 'scale') return { kind, wait, workers: workersOf(data['workers']) };
  if (kind === 'why') return { kind, wait, file: fileOf(data['file']) };
  return { kind, wait };
}

/** The answer of a line; null where it is none. Its result is what the kind of the command promises. */
export function parseResponse(line: string): ControlResponse | null {
  const data = parseJson(line);
  if (!isRecord(data)) return null;
  if (data['ok'] === true) return { ok: true, result: data['result'] };
  return data['ok'] === false && isFailure(data['failure']) ? { ok: false, failure: data['failure'] } : null;
}

/** One of either, as it is sent. */
export function toLine(message: Pick<ControlCommand, 'kind'> | ControlResponse): string {
  return `${JSON.stringify(message)}\n`;
}

const KINDS = kinds({
  ping: 1,
  status: 1,
  workers: 1,
  reload: 1,
  restart: 1,
  stop: 1,
  scale: 1,
  why: 1,
});

/** Every kind is there, or it would not compile. */
function kinds(all: { readonly [K in ControlKind]: 1 }): readonly string[] {
  return Object.keys(all);
}

function isKind(kind: string): kind is ControlKind {
  return KINDS.includes(kind);
}

function workersOf(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 1024) return value;
  throw new WsgiServeError('bad-command', `"workers" is ${JSON.stringify(value)}`, {
    hint: 'It takes a number of workers from 0 to 1024',
  });
}

function fileOf(value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new WsgiServeError('bad-command', `"file" is ${JSON.stringify(value)}`, {
    hint: 'It takes the absolute path of a file',
  });
}

function isFailure(value: unknown): value is Failure {
  if (!isRecord(value)) return false;
  const { text, code, message, exitCode } = value;
  return [text, code, message].every((one) => typeof one === 'string') && typeof exitCode === 'number';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** Undefined where it is no JSON. */
function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
