// The servers of the pipeline benchmark, by name: `node pipeline-server.js bare|pipeline PORT`.
import { createServer, type RequestListener } from 'node:http';
import { errorStream } from '../src/gateway/error-stream.js';
import { nodeHandlers } from '../src/gateway/node-handler.js';
import type { WsgiApp } from '../src/gateway/wsgi-types.js';
import { urlmap } from '../src/paste/urlmap.js';

const [, , name, port] = process.argv;

/** What node:http does by itself. */
const bare: RequestListener = (_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/plain' });
  response.end('Hello from PUB2\n');
};

const answering = (text: string): WsgiApp => {
  return (_environ, startResponse) => {
    startResponse('200 OK', [['Content-type', 'text/plain']]);
    return text;
  };
};

const passThrough = (app: WsgiApp): WsgiApp => {
  return (environ, startResponse) => app(environ, startResponse);
};

/** The founding document's example without its prints: a urlmap, two filters and an app that returns a string. */
const pipeline = nodeHandlers(
  urlmap({
    '/': answering('Hello from PUB0\n'),
    '/V1': passThrough(answering('Hello from PUB1\n')),
    '/V2': passThrough(passThrough(answering('Hello from PUB2\n'))),
  }),
  {
    errors: errorStream((text) => process.stderr.write(text)),
    onError: (error) => process.stderr.write(`${error.stack ?? error.message}\n`),
  },
);

createServer(name === 'bare' ? bare : pipeline.handler).listen(Number(port), '127.0.0.1');
