/** Printing and parsing of the relay's table are inverses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  BALANCINGS,
  endpointAddress,
  parseLine,
  printDestination,
  printNodePorts,
  printRemoval,
  printService,
} from '../../src/plan/relayTable.ts';
import type { RelayDestination, RelayNodePorts, RelayService } from '../../src/plan/relayTable.ts';
import { parseCidr, parseIp } from '../../src/net/address.ts';
import type { Cidr, Ip } from '../../src/net/address.ts';
import type { Family } from '../../src/net/family.ts';

const ANY_FAMILY = fc.constantFrom<Family>(4, 6);
const ANY_PROTOCOL = fc.constantFrom('TCP' as const, 'UDP' as const);
const ANY_PORT = fc.integer({ min: 1, max: 65_535 });
const ANY_NAME = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
const ANY_LIST = fc.constantFrom('cluster' as const, 'local' as const);
const PLAIN = { noNullPrototype: true };
const COUNT = fc.option(fc.nat(), { nil: undefined });

function anyIp(family: Family): fc.Arbitrary<Ip> {
  const text = family === 4 ? fc.ipV4() : fc.ipV6();
  return text.map(parseIp).filter((ip) => ip !== undefined);
}

function anyServiceName(family: Family): fc.Arbitrary<string> {
  const parts = fc.tuple(ANY_NAME, ANY_NAME, fc.oneof(ANY_NAME, fc.constant('')), ANY_PROTOCOL);
  return parts.map(
    ([namespace, name, port, protocol]) => `${namespace}/${name}:${port}/${protocol}/${family}`,
  );
}

const ANY_SERVICE: fc.Arbitrary<RelayService> = ANY_FAMILY.chain((family) => {
  const endpoint = fc.tuple(anyIp(family), ANY_PORT).map(([ip, port]) => endpointAddress(ip, port));
  return fc.record(
    {
      name: anyServiceName(family),
      balancing: fc.constantFrom(...BALANCINGS),
      affinitySeconds: COUNT,
      maxConnections: COUNT,
      proxyProtocol: fc.boolean(),
      cluster: fc.array(endpoint),
      local: fc.array(endpoint),
      ending: fc.array(endpoint),
    },
    PLAIN,
  );
});

const ANY_DESTINATION: fc.Arbitrary<RelayDestination> = ANY_FAMILY.chain((family) =>
  fc.record(
    {
      protocol: ANY_PROTOCOL,
      family: fc.constant(family),
      ip: fc.option(anyIp(family), { nil: undefined }),
      port: ANY_PORT,
      service: anyServiceName(family),
      inside: ANY_LIST,
      outside: ANY_LIST,
    },
    PLAIN,
  ),
);

function anyCidr(family: Family): fc.Arbitrary<Cidr> {
  const bits = fc.integer({ min: 0, max: family === 4 ? 32 : 128 });
  return fc
    .tuple(anyIp(family), bits)
    .map(([ip, length]) => parseCidr(`${ip}/${String(length)}`))
    .filter((cidr) => cidr !== undefined);
}

const ANY_NODE_PORTS: fc.Arbitrary<RelayNodePorts> = ANY_FAMILY.chain((family) =>
  fc.record({ family: fc.constant(family), at: fc.array(anyCidr(family)) }, PLAIN),
);

test('a service survives being printed, and its removal names it', () => {
  fc.assert(
    fc.property(ANY_SERVICE, (service) => {
      const line = printService(service);
      assert.deepEqual(parseLine(line), { kind: 'service', service });
      assert.deepEqual(parseLine(printRemoval(line)), { kind: 'no-service', name: service.name });
    }),
  );
});

test('a destination survives being printed, and its removal names it', () => {
  fc.assert(
    fc.property(ANY_DESTINATION, (destination) => {
      const line = printDestination(destination);
      assert.deepEqual(parseLine(line), { kind: 'destination', destination });
      const { protocol, family, ip, port } = destination;
      const address = { protocol, family, ip, port };
      assert.deepEqual(parseLine(printRemoval(line)), { kind: 'no-destination', address });
    }),
  );
});

test('addresses of NodePorts survive being printed, and their removal names the family', () => {
  fc.assert(
    fc.property(ANY_NODE_PORTS, (nodePorts) => {
      const line = printNodePorts(nodePorts);
      assert.deepEqual(parseLine(line), { kind: 'node-ports', nodePorts });
      const { family } = nodePorts;
      assert.deepEqual(parseLine(printRemoval(line)), { kind: 'no-node-ports', family });
    }),
  );
});

test('whatever else is a line prints as it was', () => {
  fc.assert(
    fc.property(ANY_SERVICE, fc.nat(), fc.string({ maxLength: 3 }), (service, at, noise) => {
      const line = printService(service);
      const from = at % line.length;
      const bent = line.slice(0, from) + noise + line.slice(from + noise.length);
      const parsed = parseLine(bent);
      if (parsed?.kind === 'service') assert.equal(printService(parsed.service), bent);
      else assert.equal(parsed, undefined);
    }),
  );
});
