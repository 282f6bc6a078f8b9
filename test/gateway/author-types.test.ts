import { describe, expect, it } from '@jest/globals';
import compression from 'compression';
import cors from 'cors';
import express from 'express';
import session from 'express-session';
import fastify from 'fastify';
import { H3 } from 'h3';
import helmet from 'helmet';
import { Hono } from 'hono';
import Koa from 'koa';
import morgan from 'morgan';
import type {
  AppFactory,
  FetchApp,
  FetchAppFactory,
  FetchContext,
  FetchFilter,
  FetchFilterFactory,
  NodeApp,
  NodeAppFactory,
  NodeErrorFilter,
  NodeFilter,
  NodeFilterFactory,
} from '../../src/index.js';

describe('the types for authors', () => {
  it('take apps as their frameworks make them', () => {
    const hono = new Hono<{ Bindings: FetchContext }>().get('/', (c) => c.text(c.env.mount));
    const nodeApps: NodeApp[] = [express(), new Koa(), fastify(), (_req, res) => res.end()];
    const fetchApps: FetchApp[] = [
      hono,
      new H3(),
      () => new Response(),
      async (request) => new Response(request.url),
    ];
    const factories: [AppFactory, NodeAppFactory, NodeAppFactory, FetchAppFactory] = [
      () => hono,
      async () => fastify(),
      () => express(),
      (_globalConf, localConf) => () => new Response(localConf['text']),
    ];
    expect(nodeApps.length + fetchApps.length + factories.length).toBe(12);
  });

  it('take middleware as it comes', () => {
    const filters: NodeFilter[] = [
      helmet(),
      cors(),
      morgan('tiny'),
      (req, _res, next) => next(req.originalUrl),
    ];
    const errorFilter: NodeErrorFilter = (error, req, _res, next) => next(req.baseUrl ?? error);
    const factories: NodeFilterFactory[] = [() => helmet(), async () => cors()];
    const filter: FetchFilter = async (request, next, { mount }) =>
      request.url.endsWith(mount) ? next() : next(new Request(request));
    const fetchFactory: FetchFilterFactory = () => filter;
    expect(filters.length + factories.length).toBe(6);
    expect(errorFilter).toHaveLength(4);
    expect(fetchFactory({}, {})).toBe(filter);
  });

  it('tell wrong ones apart', () => {
    // @ts-expect-error A fetch app gives a Response.
    const text: FetchApp = () => 'text';
    // @ts-expect-error Middleware is called with next.
    const filter: NodeFilter = (_req: unknown, _res: unknown, next: number) => next;
    expect([typeof text, typeof filter, typeof compression, typeof session]).toEqual(
      Array(4).fill('function'),
    );
  });
});
