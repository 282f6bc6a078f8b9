// A node app of the user's as the last part of a pipeline: where requests to upgrade are handed over. Called by build.
import type { ServerResponse } from 'node:http';
import { isThenable } from './body.js';
import type { Exchange } from './exchange.js';
import { HeadedExchange } from './headed-exchange.js';
import { NodeExchange } from './node-exchange.js';
import type { NodeHandler } from './node-run.js';
import type { NodeFunction, NodeRequest, Upgradable, Upgrade } from './node-types.js';
import { takeSocket } from './node-upgrade.js';

/** The handler of `call`; a connection that may be upgraded goes to `upgrade` instead, where there is one. */
export function leafHandler(call: NodeFunction, upgrade: Upgradable['upgrade'] | null): NodeHandler {
  if (!upgrade) return (req, res) => call(req, res);
  return (req, res, { exchange }) => {
    const offered = upgradeOf(exchange);
    return offered === null ? call(req, res) : handOver(req, res, offered, upgrade);
  };
}

/** What may be taken over where the app answers on the real response; null for any other request. */
export function upgradeOf(exchange: Exchange): Upgrade | null {
  const base = exchange instanceof HeadedExchange ? exchange.base : exchange;
  return base instanceof NodeExchange ? base.upgrade : null;
}

/** An app that fails has nobody else to close its connection. */
function handOver(
  req: NodeRequest,
  res: ServerResponse,
  { socket, head }: Upgrade,
  upgrade: NonNullable<Upgradable['upgrade']>,
): unknown {
  takeSocket(res, socket);
  const fail = (thrown: unknown): never => {
    socket.destroy();
    throw thrown;
  };
  try {
    const result = upgrade(req, socket, head);
    return isThenable(result) ? result.then(undefined, fail) : result;
  } catch (thrown) {
    return fail(thrown);
  }
}
