import { once } from 'node:events';
import { chmodSync, chownSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { sendCommand, whoListens } from '../../src/supervise/control-client.js';
import { eventually } from '../helpers/eventually.js';
import { problemOf } from '../helpers/problems.js';
import { tempTree } from '../helpers/temp-tree.js';

/** Somebody who listens at `path`, and answers every connection with `text`; null for not before `say`. */
class Somebody implements AsyncDisposable {
  readonly sockets: Socket[] = [];
  readonly #server: Server;

  constructor(path: string, text: string | null) {
    this.#server = createServer((socket) => {
      this.sockets.push(socket);
      socket.on('error', () => undefined);
      if (text !== null) socket.once('data', () => socket.end(text));
    }).listen(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}

describe('a command', () => {
  it('finds no server where nothing is, and says where it looked', async () => {
    using tree = tempTree({ 'plain.sock': '' });
    const paths = [join(tree.folder, 'none/a.sock'), join(tree.folder, 'plain.sock')];
    const problem = await problemOf(() => sendCommand(paths, { kind: 'stop', wait: true }));
    expect([problem.code, problem.exitCode]).toEqual(['not-running', 1]);
    expect(problem.message).toBe(`no server runs that listens at ${paths[0]} or ${paths[1]}`);
  });

  it('goes to the first place where somebody listens', async () => {
    using tree = tempTree({});
    const path = join(tree.folder, 'b.sock');
    await using _server = new Somebody(path, '{"ok":true,"result":{"pid":5}}\n');
    const answer = await sendCommand([join(tree.folder, 'a.sock'), path], { kind: 'ping', wait: false });
    expect(answer).toEqual({ ok: true, result: { pid: 5 } });
  });

  it('takes an answer of any length', async () => {
    using tree = tempTree({});
    const path = join(tree.folder, 'a.sock');
    const section = '\u00e4'.repeat(300_000);
    const line = JSON.stringify({ ok: true, result: [{ section, path: [] }] });
    await using _server = new Somebody(path, `${line}\n`);
    const answer = await sendCommand([path], { kind: 'why', wait: false, file: '/a.js' });
    expect(answer.ok ? answer.result[0]?.section : '').toBe(section);
  });

  it('does not take just anything for an answer', async () => {
    for (const text of ['', 'HTTP/1.1 400 Bad Request\r\n\r\n', '{"ok":false}\n', '{"ok":1}\n', '[]\n']) {
      using tree = tempTree({});
      const path = join(tree.folder, 'a.sock');
      await using _server = new Somebody(path, text);
      const problem = await problemOf(() => sendCommand([path], { kind: 'reload', wait: true }));
      expect([problem.code, problem.exitCode]).toEqual(['no-answer', 1]);
      expect(problem.message).toContain('did not answer "reload"');
    }
  });

  it('is given up where no answer comes in time, unless it is to wait', async () => {
    using tree = tempTree({});
    const path = join(tree.folder, 'a.sock');
    await using server = new Somebody(path, null);
    const waiting = sendCommand([path], { kind: 'reload', wait: true }, 20);
    await eventually(() => server.sockets.length === 1);
    const problem = await problemOf(() => sendCommand([path], { kind: 'reload', wait: false }, 60));
    expect(problem.message).toContain('it takes too long');
    expect(await whoListens(path, 20)).toEqual({ pid: null });
    server.sockets[0]?.write('{"ok":true,"result":null}\n');
    expect(await waiting).toEqual({ ok: true, result: null });
  });
});

describe('a socket of another user', () => {
  const root = process.getuid?.() === 0 ? it : it.skip;

  root('is not trusted (needs to be run as root)', async () => {
    using tree = tempTree({});
    chmodSync(tree.folder, 0o755);
    const path = join(tree.folder, 'a.sock');
    await using _server = new Somebody(path, '{"ok":true,"result":{"cut":0}}\n');
    chownSync(path, 65_534, 65_534);
    chmodSync(path, 0o666);
    process.seteuid?.(1234);
    try {
      const problem = await problemOf(() => sendCommand([path], { kind: 'stop', wait: true }));
      expect(problem.code).toBe('control-socket');
      expect(problem.message).toContain('belongs to the user with id 65534');
    } finally {
      process.seteuid?.(0);
    }
  });
});

describe('who listens', () => {
  it('is nobody, a server of ours with its pid, or somebody else', async () => {
    using tree = tempTree({});
    const path = (name: string) => join(tree.folder, name);
    await using _ours = new Somebody(path('ours'), '{"ok":true,"result":{"pid":77}}\n');
    await using _other = new Somebody(path('other'), 'hello\n');
    await using _odd = new Somebody(path('odd'), '{"ok":true,"result":null}\n');
    expect(await whoListens(path('odd'))).toEqual({ pid: null });
    expect(await whoListens(path('ours'))).toEqual({ pid: 77 });
    expect(await whoListens(path('other'))).toEqual({ pid: null });
    expect(await whoListens(path('none'))).toBeNull();
  });
});
