// Sends raw requests to a gated server and compares what came of them with what is wanted: which answers came, which
// requests reached the app, whether the connection was closed. Needs no test runner: see run-raw-cases.ts.
import { readFileSync } from 'node:fs';
import type { ConnectionLimits } from '../../src/listen/front/connection-limits.js';
import { parseAnswers } from './answers.js';
import { CaseServer } from './case-server.js';
import { eventually } from './eventually.js';
import type { Conversation } from './raw-http.js';

export interface RawCase {
  readonly id: string;
  readonly label: string;
  /** What is wanted, in words. */
  readonly want: string;
  readonly bytes: Buffer;
}

/** What is wanted, in terms that can be checked. */
export interface Expectation {
  /** The statuses of all answers, 1xx too; any one of these lists. */
  readonly answers: readonly (readonly number[])[];
  /** Whether the server closes the connection behind them; null where both will do. */
  readonly closes: boolean | null;
  /** Whether the app may be called at all. */
  readonly mayRun: boolean;
}

/** What is not there by then, in milliseconds, does not come: a complaint instead of a test that hangs. */
const PATIENCE = 10_000;

const CANARY = Buffer.from('GET /CANARY HTTP/1.1\r\nHost: a\r\n\r\n');
const CANARY_RUN = 'GET /CANARY';
const FOLLOWED = 'with another request right behind';

/** How the bytes of a case reach the server: a piece is written when the one before has left. */
export const CUTS = {
  whole: (bytes: Buffer) => [bytes],
  'byte by byte': (bytes: Buffer) => Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)),
  'cut behind each CR and LF': cutBehindLineEnds,
  [FOLLOWED]: (bytes: Buffer) => [Buffer.concat([bytes, CANARY])],
} as const;

export type Cut = keyof typeof CUTS;

export const CUT_NAMES: readonly Cut[] = ['whole', 'byte by byte', 'cut behind each CR and LF', FOLLOWED];

export function readCases(path: string | URL): readonly RawCase[] {
  const text = readFileSync(path, 'utf8');
  const file: { cases: { id: string; label: string; want: string; b64: string }[] } = JSON.parse(text);
  return file.cases.map(({ b64, ...row }) => ({ ...row, bytes: Buffer.from(b64, 'base64') }));
}

/** The words of `want`: statuses, perhaps `close`, perhaps `app NOT called`, and what is said in words alone. */
export function expectationOf({ want }: RawCase): Expectation {
  const spoken = SPOKEN[want];
  if (spoken !== undefined) return spoken;
  const [list = ''] = /^\d{3}(?:,\d{3})*/.exec(want) ?? [];
  const first = list.split(',').map(Number);
  const other = /^\d{3} ?(?:\/|or|\(or) ?(\d{3})/.exec(want)?.[1];
  const answers = other === undefined ? [first] : [first, [Number(other)]];
  const isRefused = (first.at(-1) ?? 0) >= 400;
  const closes = isRefused || /\bclose\b/.test(want) ? true : other === undefined ? false : null;
  return { answers, closes, mayRun: !want.includes('app NOT called') };
}

const SPOKEN: Readonly<Record<string, Expectation>> = {
  'as K02': { answers: [[200]], closes: true, mayRun: true },
  '400 and kept, app NOT called': { answers: [[400]], closes: false, mayRun: false },
  '2nd not run, or answered': { answers: [[200], [200, 200]], closes: null, mayRun: true },
  '200; 2nd answered or closed': { answers: [[200], [200, 200]], closes: null, mayRun: true },
  'no response until requestTimeout \u2192 408/close': { answers: [[408]], closes: true, mayRun: true },
};

/** A server whose app reads the body and answers 200, and which knows what reached the app. */
export interface RawServer extends Pick<CaseServer, 'open' | 'ranOn' | 'close'> {
  listen(): Promise<unknown>;
}

/** Servers for all cases: a patient one, and one for requests that never end. */
export class CaseRunner {
  readonly #patient: RawServer;
  readonly #impatient: RawServer;

  constructor(
    create: (limits: Partial<ConnectionLimits>) => RawServer = (limits) => new CaseServer({ limits }),
  ) {
    this.#patient = create({});
    this.#impatient = create({ headersTimeout: 200, requestTimeout: 200 });
  }

  async start(): Promise<this> {
    await Promise.all([this.#patient.listen(), this.#impatient.listen()]);
    return this;
  }

  async stop(): Promise<void> {
    await Promise.all([this.#patient.close(), this.#impatient.close()]);
  }

  /** What was not as wanted, in words; nothing where all was. */
  async run(one: RawCase, cut: Cut): Promise<readonly string[]> {
    const server = neverEnds(one) ? this.#impatient : this.#patient;
    const isFollowed = cut === FOLLOWED;
    // Behind what was left unfinished, another request is a part of it.
    if (isFollowed && (neverEnds(one) || endsEarly(one))) return [];
    const expected = isFollowed ? followedBy200(expectationOf(one)) : expectationOf(one);
    const conversation = await server.open();
    // A socket that is closed does not know its port any more.
    const { localPort: port = 0 } = conversation.socket;
    await sendPieces(conversation, CUTS[cut](one.bytes), endsEarly(one));
    await enoughAnswers(conversation, expected);
    const complaints = judge(expected, conversation, server.ranOn(port), cut);
    if (!isFollowed) complaints.push(...(await tryCanary(conversation, () => server.ranOn(port))));
    conversation.socket.destroy();
    return [...complaints, ...(await tryNewConnection(server))];
  }
}

function endsEarly({ label }: RawCase): boolean {
  return label.includes('then EOF');
}

function neverEnds({ want }: RawCase): boolean {
  return want.startsWith('no response until');
}

/** Where the connection stays open, the request right behind is answered too. */
function followedBy200(expected: Expectation): Expectation {
  if (expected.closes === true) return expected;
  const more = expected.answers.map((answers) => [...answers, 200]);
  return { ...expected, answers: expected.closes === null ? [...expected.answers, ...more] : more };
}

async function sendPieces({ socket }: Conversation, pieces: readonly Buffer[], ends: boolean): Promise<void> {
  for (const piece of pieces) {
    if (!socket.writable) return;
    socket.write(piece);
    // The server runs in this process: it reads the piece before the next one is written.
    await new Promise((next) => setImmediate(next));
  }
  if (ends) socket.end();
}

/** Waits until all answers are there that can be hoped for, or, where the connection is to be closed, until it is. */
async function enoughAnswers(conversation: Conversation, { answers, closes }: Expectation): Promise<void> {
  const most = Math.max(...answers.map((list) => list.length));
  const deadline = Date.now() + PATIENCE;
  await eventually(() => {
    if (conversation.socket.closed || Date.now() > deadline) return true;
    const statuses = statusesOf(conversation);
    const mayBeClosed = closes !== false && (statuses.at(-1) ?? 0) >= 400;
    return closes !== true && !mayBeClosed && statuses.length >= most;
  });
}

function judge(
  expected: Expectation,
  conversation: Conversation,
  ran: readonly string[],
  cut: Cut,
): string[] {
  const { answers, closes, mayRun } = expected;
  const statuses = statusesOf(conversation);
  const shown = `${statuses}${conversation.socket.closed ? ' close' : ''}, the app got ${ran.length}`;
  const complaints: string[] = [];
  const isWanted = answers.some(
    (list) => isSame(list, statuses) || (cut !== 'whole' && isBehind200(list, statuses)),
  );
  if (!isWanted) complaints.push(`answered ${shown}`);
  if (closes !== null && closes !== conversation.socket.closed)
    complaints.push(`left the connection: ${shown}`);
  if (closes === true && !saysClose(conversation)) complaints.push('does not say that it closes');
  if (!mayRun && ran.length > 0) complaints.push(`called the app: ${ran}`);
  const served = statuses.filter((status) => status === 200).length;
  const isBroken = (statuses.at(-1) ?? 0) >= 400;
  // A body may break behind the moment that the app was called; every other call has its answer.
  if (ran.length !== served && !(isBroken && ran.length === served + 1))
    complaints.push(`ran unanswered: ${shown}`);
  if (closes === true && ran.includes(CANARY_RUN)) complaints.push('ran the request behind');
  return complaints;
}

/** One request more on the same connection: answered where it is open, never run where it is not. */
async function tryCanary(
  conversation: Conversation,
  ran: () => readonly string[],
): Promise<readonly string[]> {
  const before = statusesOf(conversation).length;
  if (!conversation.socket.closed) {
    conversation.socket.write(CANARY);
    await enoughAnswers(conversation, {
      answers: [Array(before + 1).fill(200)],
      closes: false,
      mayRun: true,
    });
  }
  const isAnswered = statusesOf(conversation).length === before + 1;
  const hasRun = ran().includes(CANARY_RUN);
  return isAnswered === hasRun && isAnswered !== conversation.socket.closed
    ? []
    : ['spoiled the next request'];
}

async function tryNewConnection(server: RawServer): Promise<readonly string[]> {
  const conversation = await server.open();
  conversation.socket.write(CANARY);
  await enoughAnswers(conversation, { answers: [[200]], closes: false, mayRun: true });
  const statuses = statusesOf(conversation);
  conversation.socket.destroy();
  return isSame(statuses, [200]) ? [] : [`spoiled the next connection: ${statuses}`];
}

function statusesOf({ received }: Conversation): readonly number[] {
  return parseAnswers(received).map(({ status }) => status);
}

function saysClose({ received }: Conversation): boolean {
  return parseAnswers(received).at(-1)?.headers.get('connection') === 'close';
}

function isSame(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((status, at) => status === other[at]);
}

/** Where the bytes come in pieces, a request is answered before what is wrong behind it is there. */
function isBehind200(wanted: readonly number[], statuses: readonly number[]): boolean {
  const before = statuses.slice(0, statuses.length - wanted.length);
  const isRefused = (wanted.at(-1) ?? 0) >= 400;
  return (
    isRefused && before.every((status) => status === 200) && isSame(wanted, statuses.slice(before.length))
  );
}

function cutBehindLineEnds(bytes: Buffer): readonly Buffer[] {
  const pieces: Buffer[] = [];
  let start = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at] !== 0x0a && bytes[at] !== 0x0d) continue;
    pieces.push(bytes.subarray(start, at + 1));
    start = at + 1;
  }
  return start < bytes.length ? [...pieces, bytes.subarray(start)] : pieces;
}
