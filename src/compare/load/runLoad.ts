import { runConnect, runConnections } from './connect.ts';
import { runPackets, runRoundTrips } from './datagrams.ts';
import { withMachineCpu } from './machineCpu.ts';
import type { LoadResult, Measured } from './result.ts';
import type { LoadSpec } from './spec.ts';
import { runBulk, runRequests } from './stream.ts';

/** Carry out a load; its result, and what the machine spent meanwhile. */
export function runLoad(spec: LoadSpec): Promise<Measured> {
  return withMachineCpu(() => run(spec));
}

function run(spec: LoadSpec): Promise<LoadResult> {
  switch (spec.kind) {
    case 'connect':
      return runConnect(spec);
    case 'connections':
      return runConnections(spec);
    case 'requests':
      return runRequests(spec);
    case 'bulk':
      return runBulk(spec);
    case 'udpRoundTrip':
      return runRoundTrips(spec);
    case 'udpPackets':
      return runPackets(spec);
  }
}
