// `npm run bench [NAME...]`: the measurements, each against its yardstick in the same run, as ratios or differences.
// Needs Linux; the load comes from wrk, pinned with taskset. On a busy machine the figures mean nothing.
import { benchIdle } from './idle.js';
import { benchInterfaces } from './interfaces.js';
import { benchPipeline } from './pipeline.js';
import { benchRewriting } from './rewriting.js';
import { benchStartup } from './startup.js';

const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  startup: () => benchStartup(15),
  pipeline: () => benchPipeline(15),
  interfaces: () => benchInterfaces(15),
  rewriting: () => benchRewriting(9),
  idle: () => benchIdle(8),
};

const names = process.argv.slice(2);
for (const name of names.length === 0 ? Object.keys(BENCHES) : names) {
  const bench = BENCHES[name];
  if (bench === undefined)
    console.log(`no bench is called ${name}; there are ${Object.keys(BENCHES).join(', ')}`);
  else await bench();
}
