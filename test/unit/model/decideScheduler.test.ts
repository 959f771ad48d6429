import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideScheduler } from '../../../src/model/decideScheduler.ts';
import type { Policy } from '../../../src/model/types.ts';
import { parseService } from '../../../src/model/parseService.ts';
import { parsedService, service } from '../../support/builders.ts';
import type { ServiceOptions } from '../../support/builders.ts';
import { POLICY } from '../../support/servicePorts.ts';

const SERVICE = parsedService({ annotations: { 'fairway.dev/scheduler': 'mh' } });

function policyWith(available: readonly ('rr' | 'mh')[] | undefined): Policy {
  const timeouts = { tcp: 0, tcpFin: 0, udp: 0 };
  return { ...POLICY, ipvs: { scheduler: 'rr', available, strictARP: false, timeouts } };
}

test("the annotation's scheduler, where the kernel has it or nobody knows", () => {
  for (const available of [['rr', 'mh'] as const, undefined]) {
    const decision = decideScheduler(SERVICE, policyWith(available));
    assert.deepEqual(decision, { scheduler: 'mh', problems: [] });
  }
});

test('the default, with a Problem, where the kernel lacks it', () => {
  const { scheduler, problems } = decideScheduler(SERVICE, policyWith(['rr']));
  assert.equal(scheduler, undefined);
  assert.match(problems[0]?.message ?? '', /found mh, .*no module ip_vs_mh; using rr/);
});

test('in another mode the annotation says nothing', () => {
  assert.deepEqual(decideScheduler(SERVICE, POLICY), { scheduler: undefined, problems: [] });
});

test('a scheduler that there is not is a Problem of the Service', () => {
  const annotations = { 'fairway.dev/scheduler': 'best; rm' };
  const { service: parsed, problems } = parseService(service({ annotations }));
  assert.equal(parsed?.scheduler, undefined);
  assert.equal(problems[0]?.field, 'metadata.annotations.fairway.dev/scheduler');
});

test('affinity over several addresses or ports begins by hash, where the kernel has it', () => {
  const ports = [
    { name: 'a', port: 80 },
    { name: 'b', port: 81 },
  ];
  const shared = { sessionAffinity: 'ClientIP' };
  const decided = (spec: ServiceOptions, available?: readonly ('rr' | 'mh')[]) =>
    decideScheduler(parsedService(spec), policyWith(available)).scheduler;
  assert.equal(decided({ ...shared, ports }), 'sh');
  assert.equal(decided({ ...shared, externalIPs: ['192.0.2.1'] }), 'sh');
  assert.equal(
    decided({ ...shared, type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] }),
    'sh',
  );
  assert.equal(decided({ ...shared, ports }, ['rr']), undefined);
  assert.equal(decided(shared), undefined);
  assert.equal(decided({ ports }), undefined);
});
