// What workers are started with in tests: Jest's own flags must not reach them.

export function workerEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, JEST_WORKER_ID: _worker, NODE_ENV: _mode, ...rest } = process.env;
  return rest;
}
