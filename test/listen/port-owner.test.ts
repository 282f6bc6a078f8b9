import { createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { findPortOwner } from '../../src/listen/port-owner.js';

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

  it('is nobody on a port that nobody listens on, and where /proc is missing', () => {
    expect(findPortOwner(1)).toBeNull();
    expect(findPortOwner(80, '/no/such/folder')).toBeNull();
  });
});
