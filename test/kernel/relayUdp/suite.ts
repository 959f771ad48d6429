/** What the test files of the UDP relay have in common: a lab for all tests, a relay for each. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach } from 'node:test';
import type { UdpOptions } from '../../../src/relay/udp/udp.ts';
import { closeLab, closeSockets, openLab, pointRulesAt, until } from './lab.ts';
import { VIP_LINE } from './lines.ts';
import { openFiles, startRelay } from './relay.ts';
import type { TestRelay } from './relay.ts';

/** Where the relay's listeners stand. */
export const PORT = 10_200;

export interface Suite {
  /** Knows the destination of VIP_LINE; after the test it is stopped and must have left nothing. */
  relay(): TestRelay;
  /** Another one in its place. */
  restart(options: Partial<UdpOptions>): Promise<TestRelay>;
}

/** To be called in a `describe`. */
export function useRelay(): Suite {
  let relay: TestRelay | undefined;
  let files = 0;

  async function start(options?: Partial<UdpOptions>): Promise<TestRelay> {
    relay = await startRelay(PORT, options);
    await relay.follow(VIP_LINE);
    return relay;
  }

  before(openLab);
  before(() => pointRulesAt(PORT));
  after(closeLab);
  beforeEach(async () => {
    files = openFiles();
    await start();
  });
  afterEach(async () => {
    closeSockets();
    await relay?.stop();
    assert.deepEqual(relay?.faults, []);
    await until('no descriptor is left', () => openFiles() <= files);
  });

  return {
    relay: () => relay ?? assert.fail('no test runs'),
    async restart(options) {
      await relay?.stop();
      return start(options);
    },
  };
}
