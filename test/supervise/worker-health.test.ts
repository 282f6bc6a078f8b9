import { describe, expect, it } from '@jest/globals';
import { CHECK_EVERY, type HealthLimits, WorkerHealth } from '../../src/supervise/worker-health.js';

const LIMITS: HealthLimits = { timeout: 30_000, memory: 0 };

/** Checks workers second by second, and writes down what changes: `b kill 30000`. */
class Ward {
  readonly health: WorkerHealth<string>;
  readonly told: string[] = [];
  now = 5000;

  constructor(limits: Partial<HealthLimits> = {}, ...workers: readonly string[]) {
    this.health = new WorkerHealth({ ...LIMITS, ...limits });
    for (const worker of workers) this.health.watch(worker, this.now);
  }

  /** Lets seconds pass in which `beating` beat. */
  pass(seconds: number, beating: readonly string[] = [], memory = 0): void {
    for (let second = 0; second < seconds; second += 1) {
      this.now += CHECK_EVERY;
      for (const worker of beating) this.health.beat(worker, memory, this.now - 10);
      this.check();
    }
  }

  check(): void {
    for (const { worker, health } of this.health.check(this.now)) {
      this.told.push([worker, ...Object.values(health)].join(' '));
    }
  }
}

describe('the health of workers', () => {
  it('is fine while they beat', () => {
    const ward = new Ward({}, 'a', 'b');
    ward.pass(100, ['a', 'b']);
    expect(ward.told).toEqual([]);
  });

  it('is a warning at half of the time-out, and a kill at the end of it, each told once', () => {
    const ward = new Ward({}, 'a', 'b');
    ward.pass(14, ['a']);
    expect(ward.told).toEqual([]);
    ward.pass(1, ['a']);
    expect(ward.told).toEqual(['b warn 15000']);
    ward.pass(14, ['a']);
    expect(ward.told).toEqual(['b warn 15000']);
    ward.pass(5, ['a']);
    expect(ward.told).toEqual(['b warn 15000', 'b kill 30000']);
  });

  it('is fine again for one that was blocked and recovers, and a warning once more the next time', () => {
    const ward = new Ward({}, 'a');
    ward.pass(20);
    ward.pass(1, ['a']);
    expect(ward.told).toEqual(['a warn 15000', 'a fine']);
    ward.pass(15);
    expect(ward.told.slice(2)).toEqual(['a warn 15010']);
  });

  it('starts anew for all where the check itself is late: nobody is killed when the machine wakes up', () => {
    const ward = new Ward({}, 'a', 'b');
    ward.pass(10, ['a', 'b']);
    ward.now += 3_600_000;
    ward.check();
    ward.pass(14);
    expect(ward.told).toEqual([]);
    ward.pass(16);
    expect(ward.told).toEqual(['a warn 15000', 'b warn 15000', 'a kill 30000', 'b kill 30000']);
  });

  it('bears checks that are a little late', () => {
    const ward = new Ward({ timeout: 9000 }, 'a');
    for (let check = 0; check < 4; check += 1) {
      ward.now += 2900;
      ward.check();
    }
    expect(ward.told).toEqual(['a warn 5800', 'a kill 11600']);
  });

  it('begins with the time at which a worker is watched, not before', () => {
    const ward = new Ward({}, 'a');
    ward.pass(20, ['a']);
    ward.health.watch('late', ward.now);
    ward.pass(14, ['a']);
    expect(ward.told).toEqual([]);
  });

  it('is nobody’s business once a worker leaves, or where it is not watched', () => {
    const ward = new Ward({}, 'a');
    ward.health.forget('a');
    ward.health.beat('a', 1, ward.now);
    ward.health.beat('stranger', 1, ward.now);
    ward.pass(60);
    expect(ward.told).toEqual([]);
  });

  it('is never a kill without a time-out', () => {
    const ward = new Ward({ timeout: 0 }, 'a');
    ward.pass(1000);
    expect(ward.told).toEqual([]);
  });

  it('takes nobody for dead between two beats, however short the time-out', () => {
    const ward = new Ward({ timeout: 100 }, 'a');
    for (let second = 0; second < 10; second += 1) {
      ward.now += 990;
      ward.check();
      ward.health.beat('a', 0, ward.now + 10);
      ward.now += 10;
    }
    expect(ward.told).toEqual([]);
    ward.pass(4);
    expect(ward.told).toEqual(['a warn 2000', 'a kill 3000']);
  });

  it('asks for a worker to be retired that has grown beyond the limit, once', () => {
    const ward = new Ward({ memory: 1000 }, 'a', 'b');
    ward.pass(3, ['a', 'b'], 1000);
    expect(ward.told).toEqual([]);
    ward.pass(1, ['b'], 1001);
    ward.pass(3, ['a', 'b'], 1002);
    expect(ward.told).toEqual(['b retire 1001', 'a retire 1002']);
  });

  it('is a warning and a kill for one that has grown and then falls silent', () => {
    const ward = new Ward({ memory: 1000 }, 'a');
    ward.pass(1, ['a'], 2000);
    ward.pass(30);
    expect(ward.told).toEqual(['a retire 2000', 'a warn 15010', 'a kill 30010']);
  });
});
