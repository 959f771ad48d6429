/** Which flows a line of the table ends. */
import type { DialledTable } from './dialledTable.ts';
import type { Dialled, Flow } from './flow.ts';

import { keyOf } from './socketKey.ts';
import type { DestinationAddress, RelayLine, RelayService } from '../../plan/relayTable.ts';
import { ipBytes } from '../native/socketAddress.ts';
import type { Table } from '../table.ts';

type KnownDialled = Pick<DialledTable, 'find' | 'ofService' | 'all'>;

/** After the table has followed the line. */
export function flowsEndedBy(
  line: RelayLine,
  dialleds: KnownDialled,
  table: Pick<Table<unknown>, 'find'>,
): readonly Flow[] {
  switch (line.kind) {
    case 'service':
      return withoutEndpoint(line.service, dialleds);
    case 'no-service':
      return dialleds.ofService(line.name).flatMap(flowsOf);
    case 'destination':
      return ofMoved(line.destination, dialleds, table);
    case 'no-destination':
      return ofMoved(line.address, dialleds, table);
    case 'node-ports':
    case 'no-node-ports':
      return [];
  }
}

/** Flows stay with an endpoint that ends as long as it serves. */
function withoutEndpoint(service: RelayService, dialleds: KnownDialled): readonly Flow[] {
  const served = dialleds.ofService(service.name);
  if (served.length === 0) return [];
  const { cluster, local, ending } = service;
  const stay = { cluster: new Set([...cluster, ...ending]), local: new Set([...local, ...ending]) };
  return served
    .flatMap(flowsOf)
    .filter(({ list, endpoint }) => endpoint === undefined || !stay[list].has(endpoint));
}

/** Those of clients that dialled what leads elsewhere now. */
function ofMoved(
  address: DestinationAddress,
  dialleds: KnownDialled,
  table: Pick<Table<unknown>, 'find'>,
): readonly Flow[] {
  if (address.protocol !== 'UDP') return [];
  return dialledAt(address, dialleds)
    .filter(({ address: { ip, port }, destination: before }) => {
      const now = table.find('UDP', ip, port);
      return (
        now?.service !== before.service ||
        now.inside !== before.inside ||
        now.outside !== before.outside
      );
    })
    .flatMap(flowsOf);
}

function dialledAt(
  { family, ip, port }: DestinationAddress,
  dialleds: KnownDialled,
): readonly Dialled[] {
  if (ip === undefined) return dialleds.all().filter(({ address }) => address.port === port);
  const dialled = dialleds.find(keyOf({ family, ip: ipBytes(ip), port }));
  return dialled === undefined ? [] : [dialled];
}

function flowsOf({ flows }: Dialled): readonly Flow[] {
  return [...flows.values()];
}
