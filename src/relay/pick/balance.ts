/** The four ways to choose among a Service's endpoints. */
import type { Balancing } from '../../plan/relayTable.ts';
import type { Candidates, Endpoint } from './endpoints.ts';
import { buildTable, entryOf } from './maglev.ts';

export interface Question {
  readonly client: string | Uint8Array;
  /** Whether this endpoint may be the answer. */
  readonly isOpen: (endpoint: Endpoint) => boolean;
  /** 0 to 1. */
  readonly random: () => number;
}

type Chooser = (list: Candidates, question: Question) => Endpoint | undefined;

/** undefined when none is open. */
export const CHOOSERS: Readonly<Record<Balancing, Chooser>> = {
  'round-robin': nextInTurn,
  random: anyOne,
  'least-connections': leastBusy,
  maglev: byClient,
};

function nextInTurn(list: Candidates, { isOpen }: Question): Endpoint | undefined {
  const { endpoints } = list;
  for (let step = 0, index = list.turn; step < endpoints.length; step += 1) {
    const endpoint = endpoints[index];
    index = index + 1 === endpoints.length ? 0 : index + 1;
    if (endpoint === undefined || !isOpen(endpoint)) continue;
    list.turn = index;
    return endpoint;
  }
  return undefined;
}

/** Nearly always one of these is open; otherwise all are looked at. */
const DRAWS = 4;

function anyOne({ endpoints }: Candidates, { isOpen, random }: Question): Endpoint | undefined {
  for (let draw = 0; draw < DRAWS; draw += 1) {
    const endpoint = endpoints[Math.floor(random() * endpoints.length)];
    if (endpoint !== undefined && isOpen(endpoint)) return endpoint;
  }
  let seen = 0;
  let chosen: Endpoint | undefined;
  for (const endpoint of endpoints) {
    if (!isOpen(endpoint)) continue;
    seen += 1;
    if (random() * seen < 1) chosen = endpoint;
  }
  return chosen;
}

/** Among equals, the next in turn. */
function leastBusy(list: Candidates, { isOpen }: Question): Endpoint | undefined {
  const { endpoints } = list;
  let chosen: Endpoint | undefined;
  let after = list.turn;
  for (let step = 0, index = list.turn; step < endpoints.length; step += 1) {
    const endpoint = endpoints[index];
    index = index + 1 === endpoints.length ? 0 : index + 1;
    if (endpoint === undefined || (chosen && endpoint.active >= chosen.active)) continue;
    if (!isOpen(endpoint)) continue;
    chosen = endpoint;
    after = index;
    if (endpoint.active === 0) break;
  }
  list.turn = after;
  return chosen;
}

/** The client's own; when that is not open, those after it in the table, which differ by client. */
function byClient(list: Candidates, { client, isOpen }: Question): Endpoint | undefined {
  const { endpoints } = list;
  list.table ??= buildTable(endpoints.map(({ address }) => address));
  const { table } = list;
  const start = table.length === 0 ? 0 : entryOf(client);
  let last: number | undefined;
  for (let step = 0; step < table.length; step += 1) {
    const index = table[(start + step) % table.length] ?? 0;
    if (index === last) continue;
    last = index;
    const endpoint = endpoints[index];
    if (endpoint !== undefined && isOpen(endpoint)) return endpoint;
  }
  return undefined;
}
