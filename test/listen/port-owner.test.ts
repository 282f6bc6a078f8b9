import { symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { findPortOwner } from '../../src/listen/port-owner.js';
import { tempTree } from '../helpers/temp-tree.js';

const onLinux = process.platform === 'linux';

describe('the owner of a port', () => {
  it('is the process that listens on it, where the system tells', async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    try {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const owner = findPortOwner(port);
      expect(owner?.pid).toBe(onLinux ? process.pid : undefined);
      expect(owner?.command ?? 'node').toContain('node');
    } finally {
      server.close();
    }
  });

  it('has its command on one line, however it was written', () => {
    using proc = tempTree({
      'net/tcp': '  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 42 1\n',
      '7/cmdline': 'python3\0-c\0\nimport os\n os.pause()\0',
      '7/fd/0': '',
    });
    symlinkSync('socket:[42]', join(proc.folder, '7/fd/3'));
    expect(findPortOwner(8080, proc.folder)).toEqual({ pid: 7, command: 'python3 -c import os os.pause()' });
  });

  it('is nobody on a port that nobody listens on, and where /proc is missing', () => {
    expect(findPortOwner(1)).toBeNull();
    expect(findPortOwner(80, '/no/such/folder')).toBeNull();
  });
});
