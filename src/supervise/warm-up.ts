// Runs once, to no end, everything that an order will run, but for the user's own code: what V8 has compiled and Node has
// loaded by then costs a reload nothing. Called by worker.ts while it stands by.
import { realpathSync, unlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { settingsOf } from '../config/settings-record.js';
import type { App } from '../gateway/app.js';
import type { Address } from '../listen/address.js';
import { createListener } from '../listen/create-listener.js';
import { parseOptions } from '../listen/parse-options.js';
import { readForServing } from '../listen/read-for-serving.js';
import { importModule } from '../load/import-module.js';
import type { Logger } from '../log.js';
import type { Place } from '../source.js';
import type { ToWorker } from './messages.js';

export type Warming = ToWorker & { readonly kind: 'warm' };

/** `ignore` is told of files that are loaded to no end. Never rejects: what is wrong with the deployment file is told when that is to be served. */
export async function warmUp(
  { order, packages, compiles }: Warming,
  log: Logger,
  ignore: (path: string) => void,
): Promise<void> {
  try {
    readForServing(order.file, { ...order, log });
    await askOnce(log);
    if (compiles) await compileOnce(ignore);
    for (const path of packages) await importModule(pathToFileURL(path).href);
  } catch {
    // Then it is cold.
  }
}

const ANSWER = 'warm\n';
const TIMES = 3;

const app: App = {
  kind: 'wsgi',
  app: (_environ, startResponse) => {
    startResponse('200 OK', [['Content-Type', 'text/plain']]);
    return [ANSWER];
  },
};

/** A listener on a free port of the loopback, which nobody else knows of. */
async function askOnce(log: Logger): Promise<void> {
  const section = 'server:warm-up';
  const origin = { file: '<built in>', section, key: null, span: null };
  const place = (): Place => ({ origin, source: null });
  const options = parseOptions({ section, options: settingsOf([]), origin }, { place, keyPlace: place });
  const address = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
  const listener = createListener('warm-up', { ...options, address }, app, { log });
  await listener.listen();
  for (let time = 0; time < TIMES; time += 1) await ask(listener.address);
  await listener.close();
}

async function ask(address: Address): Promise<void> {
  if (address.kind !== 'tcp') return;
  const socket = connect(address.port, address.host);
  socket.end('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  for await (const _chunk of socket);
}

/** A loader of TypeScript starts what it compiles with for the first text that it has not compiled before. */
async function compileOnce(ignore: (path: string) => void): Promise<void> {
  const path = join(realpathSync(tmpdir()), `wsgi-serve-${process.pid}-${Date.now()}.mts`);
  ignore(path);
  writeFileSync(path, `export const time: number = ${Date.now()};\n`);
  try {
    await importModule(pathToFileURL(path).href);
  } finally {
    unlinkSync(path);
  }
}
