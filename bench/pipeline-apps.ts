// What the pipeline benchmark serves: the apps and the filter of the founding document, without their prints.
// Run by itself, `node pipeline-apps.js PORT`, it is what they are measured against: node:http and the same answer.
import { createServer } from 'node:http';
import type { AppFactory, Filter, FilterFactory } from '../src/gateway/app.js';

const TEXT = 'Hello from PUB2\n';

export const answering: AppFactory = (_globalConf, { text = TEXT }) => {
  return (_environ, startResponse) => {
    startResponse('200 OK', [['Content-type', 'text/plain']]);
    return text;
  };
};

export const passing: FilterFactory = (): Filter => (app) => (environ, startResponse) =>
  app(environ, startResponse);

if (process.argv[1] === import.meta.filename) {
  const headers = { 'Content-Type': 'text/plain', 'Content-Length': TEXT.length };
  const server = createServer((_request, response) => {
    response.writeHead(200, headers);
    response.end(TEXT);
  });
  server.listen(Number(process.argv[2]), '127.0.0.1');
}
