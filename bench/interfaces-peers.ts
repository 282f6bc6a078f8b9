// The peers of the interfaces benchmark, by name: `node interfaces-peers.js hono|express PORT`.
import { createServer } from 'node:http';
import { serve } from '@hono/node-server';
import { hono, web } from './interfaces-apps.js';

const [, , name, port] = process.argv;
if (name === 'hono') serve({ fetch: hono.fetch, port: Number(port), hostname: '127.0.0.1' });
else createServer(web).listen(Number(port), '127.0.0.1');
