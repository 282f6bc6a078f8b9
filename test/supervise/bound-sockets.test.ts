import { chmodSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Address } from '../../src/listen/address.js';
import {
  type BindProblem,
  BoundSockets,
  keyOf,
  type Preparation,
} from '../../src/supervise/bound-sockets.js';
import { BindError, type Bound } from '../../src/supervise/listen-handle.js';
import type { WantedSocket } from '../../src/supervise/messages.js';
import { tempTree } from '../helpers/temp-tree.js';

let log: string[];
/** By port: the code with which it is refused. */
let refused: Map<number, string>;
let sockets: BoundSockets;
let free: number;

beforeEach(() => {
  log = [];
  refused = new Map();
  free = 40_000;
  sockets = new BoundSockets(() => undefined, bind);
});

/** Holds whatever is asked for, and writes it down. */
async function bind(address: Address): Promise<Bound> {
  if (address.kind === 'unix') throw new TypeError('no unix sockets here');
  const code = refused.get(address.port);
  if (code !== undefined) throw new BindError(code);
  free += 1;
  const port = address.port === 0 ? free : address.port;
  log.push(`bind ${port}`);
  return { address: { ...address, port }, handle: {}, close: () => log.push(`close ${port}`) };
}

function wanted(server: string, port: number): WantedSocket {
  return { server, address: { kind: 'tcp', host: '127.0.0.1', port }, backlog: 511, gracefulTimeout: 1000 };
}

async function prepared(...all: readonly WantedSocket[]): Promise<Preparation> {
  const result = await sockets.prepare(all);
  if (!('commit' in result)) throw new TypeError(`refused: ${JSON.stringify(result)}`);
  return result;
}

/** Ports by the name of the server. */
function portsOf({ sockets: given }: Preparation): Readonly<Record<string, number>> {
  const ports = [...given].map(([server, { address }]) => [
    server,
    address.kind === 'tcp' ? address.port : 0,
  ]);
  return Object.fromEntries(ports);
}

describe('the sockets of a generation', () => {
  it('are bound once, and those that stay are not touched by the next', async () => {
    const first = await prepared(wanted('a', 1), wanted('b', 2));
    first.commit();
    const second = await prepared(wanted('a', 1), wanted('c', 3));
    expect(second.sockets.get('a')).toBe(first.sockets.get('a'));
    expect(log).toEqual(['bind 1', 'bind 2', 'bind 3']);
    second.commit();
    expect(log.slice(3)).toEqual(['close 2']);
    expect(sockets.addresses.map((address) => address.kind === 'tcp' && address.port)).toEqual([1, 3]);
  });

  it('are let go of if it does not come to serve, and those before stay', async () => {
    (await prepared(wanted('a', 1))).commit();
    const second = await prepared(wanted('a', 1), wanted('b', 2));
    second.rollback();
    expect(log).toEqual(['bind 1', 'bind 2', 'close 2']);
    const third = await prepared(wanted('a', 1), wanted('b', 2));
    expect(portsOf(third)).toEqual({ a: 1, b: 2 });
  });

  it('follow their address, whatever the server is called', async () => {
    const first = await prepared(wanted('a', 1));
    first.commit();
    const second = await prepared(wanted('renamed', 1));
    second.commit();
    expect(second.sockets.get('renamed')).toBe(first.sockets.get('a'));
    expect(log).toEqual(['bind 1']);
  });

  it('that take any free port keep theirs, each server its own', async () => {
    const first = await prepared(wanted('a', 0), wanted('b', 0));
    first.commit();
    expect(portsOf(first)).toEqual({ a: 40_001, b: 40_002 });
    const second = await prepared(wanted('b', 0), wanted('a', 0));
    second.commit();
    expect(portsOf(second)).toEqual(portsOf(first));
  });

  it('are all refused where one is, with all problems, and nothing has changed', async () => {
    (await prepared(wanted('a', 1))).commit();
    refused.set(2, 'EADDRINUSE').set(4, 'EACCES');
    const problems = (await sockets.prepare([
      ...[wanted('a', 1), wanted('b', 2)],
      ...[wanted('c', 3), wanted('d', 4)],
    ])) as readonly BindProblem[];
    expect(problems).toEqual([
      { server: 'b', code: 'EADDRINUSE' },
      { server: 'd', code: 'EACCES' },
    ]);
    expect(log).toEqual(['bind 1', 'bind 3', 'close 3']);
    expect(sockets.entries).toHaveLength(1);
  });

  it('are not shared by two servers, though both ask for the same', async () => {
    const both = await sockets.prepare([wanted('a', 1), wanted('b', 1), wanted('c', 0), wanted('d', 0)]);
    expect(both).toEqual([{ server: 'b', code: 'EADDRINUSE' }]);
    expect(sockets.entries).toEqual([]);
    (await prepared(wanted('a', 1))).commit();
    expect(await sockets.prepare([wanted('a', 1), wanted('b', 1)])).toEqual([
      { server: 'b', code: 'EADDRINUSE' },
    ]);
    expect(portsOf(await prepared(wanted('b', 1)))).toEqual({ b: 1 });
  });

  it('may have been bound by somebody else', async () => {
    const inherited = await bind({ kind: 'tcp', host: '127.0.0.1', port: 7 });
    sockets.adopt(keyOf(wanted('a', 7)), inherited);
    expect((await prepared(wanted('a', 7))).sockets.get('a')).toBe(inherited);
  });

  it('are all let go of at the end', async () => {
    (await prepared(wanted('a', 1), wanted('b', 2))).commit();
    sockets.close();
    expect(log.slice(2)).toEqual(['close 1', 'close 2']);
    expect(sockets.entries).toEqual([]);
  });
});

describe('a unix socket', () => {
  function at(path: string, mode: number): WantedSocket {
    return { ...wanted('main', 0), address: { kind: 'unix', path, mode } };
  }

  it('gets other permissions while it stays', async () => {
    using tree = tempTree({});
    const path = join(tree.folder, 'site.sock');
    sockets = new BoundSockets(() => undefined);
    (await prepared(at(path, 0o600))).commit();
    const { dev, ino } = statSync(path);
    (await prepared(at(path, 0o660))).commit();
    const now = statSync(path);
    expect([now.dev, now.ino, now.mode & 0o777]).toEqual([dev, ino, 0o660]);
    sockets.close();
  });

  it('that a link has taken the place of is left alone, wherever that leads', async () => {
    using tree = tempTree({ secret: 'x' });
    const [path, secret] = [join(tree.folder, 's.sock'), join(tree.folder, 'secret')];
    sockets = new BoundSockets(() => undefined);
    (await prepared(at(path, 0o600))).commit();
    chmodSync(secret, 0o600);
    rmSync(path);
    symlinkSync(secret, path);
    (await prepared(at(path, 0o666))).commit();
    expect(statSync(secret).mode & 0o777).toBe(0o600);
    sockets.close();
  });

  it('whose file somebody removed is no reason to fail', async () => {
    using tree = tempTree({});
    const path = join(tree.folder, 'site.sock');
    sockets = new BoundSockets(() => undefined);
    (await prepared(at(path, 0o600))).commit();
    rmSync(path);
    const next = await prepared(at(path, 0o600));
    expect(() => next.commit()).not.toThrow();
    sockets.close();
  });
});
