/** Every folder that can be applied renders to objects that Kubernetes would accept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APPLICABLE, parseManifests, render, whyNoKubectl } from './manifests/render.ts';
import { checkSchemas } from './manifests/schemas.ts';

test('what is rendered agrees with the OpenAPI schemas', { skip: whyNoKubectl() }, async () => {
  assert.deepEqual(await checkSchemas(APPLICABLE.flatMap(render)), []);
});

const GOOD = `
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: one }
spec:
  selector: { matchLabels: { a: b } }
  template:
    metadata: { labels: { a: b } }
    spec:
      containers: [{ name: one, image: one, ports: [{ containerPort: 80 }] }]
`;

const BAD: readonly (readonly [string, string, RegExp])[] = [
  ['containerPort: 80', 'containerPort: "80"', /containerPort/],
  ['containers: [{ name: one,', 'containers: [{', /name/],
  ['image: one', 'imagePolicy: one', /imagePolicy/],
  ['matchLabels', 'matchLabel', /matchLabel/],
];

test('what is wrong is found', async () => {
  assert.deepEqual(await checkSchemas(parseManifests(GOOD)), []);
  for (const [good, bad, expected] of BAD) {
    const problems = await checkSchemas(parseManifests(GOOD.replace(good, bad)));
    assert.match(problems.join('\n'), expected);
  }
});
