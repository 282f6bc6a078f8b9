// Reads one answer as fast as it can, and prints how many bytes came: `node rewriting-client.js PORT PATH`.
import { connect } from 'node:net';

const [, , port, path] = process.argv;
let bytes = 0;

// Into one buffer over and over: a client that makes garbage would be no faster than the server.
const onread = {
  buffer: Buffer.alloc(1024 * 1024),
  callback: (size: number): boolean => {
    bytes += size;
    return true;
  },
};

const socket = connect({ port: Number(port), host: '127.0.0.1', onread });
socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
socket.on('close', () => console.log(bytes));
