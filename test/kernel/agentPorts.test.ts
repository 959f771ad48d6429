/** The agent's ports: health check node ports, and one that another process has. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { after, afterEach, test } from 'node:test';
import { testNamespace } from '../support/namespaceKernel.ts';
import type { TestNamespace } from '../support/namespaceKernel.ts';
import {
  COMMAND,
  directory,
  end,
  killAll,
  removeDirectory,
  rulesIn,
  SOURCE,
  start,
} from './agentProcess/start.ts';

const namespace = testNamespace('ports');

afterEach(killAll);
after(() => {
  namespace.remove();
  removeDirectory();
});

/** Status and weight header of a health check node port, asked inside the namespace. */
async function healthOf(where: TestNamespace, port: number, path = '/any'): Promise<string> {
  const code = `const answer = await fetch('http://127.0.0.1:${String(port)}${path}');
    // As text: numbers are coloured where the output is a terminal.
    console.log(String(answer.status) + ' ' + answer.headers.get('x-load-balancing-endpoint-weight'));`;
  const args = ['--input-type=module', '-e', code];
  return (await where.run(process.execPath, args)).trim();
}

function writeLoadBalancer(endpoints: readonly string[]): void {
  const metadata = { name: 'lb', namespace: 'default', uid: 'lb' };
  const spec = {
    type: 'LoadBalancer',
    clusterIP: '10.96.0.77',
    clusterIPs: ['10.96.0.77'],
    externalTrafficPolicy: 'Local',
    healthCheckNodePort: 31_000,
    ports: [{ port: 80, nodePort: 30_077, protocol: 'TCP' }],
  };
  const labels = { 'kubernetes.io/service-name': 'lb' };
  const items = [
    { apiVersion: 'v1', kind: 'Service', metadata, spec },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels },
      addressType: 'IPv4',
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
      endpoints: endpoints.map((ip) => ({ addresses: [ip], nodeName: 'node1' })),
    },
  ];
  const list = { apiVersion: 'v1', kind: 'List', items };
  writeFileSync(join(directory, 'objects.json'), JSON.stringify(list));
}

test('a health check node port answers with the number of local endpoints', async () => {
  writeLoadBalancer(['10.244.0.1', '10.244.0.2']);
  const agent = start(namespace);
  await agent.synced();
  assert.equal(await healthOf(namespace, 31_000), '200 2');
  writeLoadBalancer([]);
  await agent.synced();
  assert.equal(await healthOf(namespace, 31_000), '503 0');
  await end(agent.child, 'SIGTERM');
});

test('a taken port that must not be is one clear line and changes no rule', async () => {
  const blocker = start(namespace);
  await blocker.synced();
  const before = await rulesIn(namespace);
  const strict = '--bind-address-hard-fail';
  const args = ['netns', 'exec', namespace.name, ...COMMAND, ...SOURCE, strict];
  const child = spawn('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as unknown[];
  assert.equal(code, 1);
  assert.match(said, /fairway: cannot listen on .*:10256.*--healthz-bind-address/);
  assert.equal(await rulesIn(namespace), before);
  await end(blocker.child, 'SIGTERM');
});

test('otherwise the work goes on, and the port is served when the process before has ended', async () => {
  writeLoadBalancer(['10.244.0.1']);
  const before = start(namespace);
  await before.synced();
  const after = start(namespace);
  assert.match(await after.line('"server not listening"'), /:10256.*--healthz-bind-address/);
  await after.synced();
  await end(before.child, 'SIGTERM');
  await after.line('"server listening after all"');
  await after.line('"server listening after all"');
  assert.equal(await healthOf(namespace, 10_256, '/livez'), '200 null');
  await end(after.child, 'SIGTERM');
});
