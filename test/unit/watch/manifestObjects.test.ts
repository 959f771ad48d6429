import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manifestObjects } from '../../../src/watch/manifestObjects.ts';

const SERVICE = `apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  clusterIP: 10.96.0.1
  ports:
  - port: 80
`;

function names(text: string): string[] {
  const { objects, problems } = manifestObjects('a.yaml', text);
  assert.deepEqual(problems, []);
  return objects.map(({ kind, name }) => `${kind} ${name}`);
}

/** Problems as `line field fatal?`. */
function problemPlaces(text: string): string[] {
  return manifestObjects('a.yaml', text).problems.map(
    ({ line, field, isFatal }) => `${String(line)} ${field}${isFatal ? ' fatal' : ''}`,
  );
}

const FOUND: readonly [title: string, text: string, expected: readonly string[]][] = [
  ['one document', SERVICE, ['Service shop/web']],
  [
    'several documents, also empty ones',
    `---\n${SERVICE}---\n---\n# nothing\n`,
    ['Service shop/web'],
  ],
  ['an empty file', '', []],
  ['a file of comments', '# nothing\n', []],
  [
    'no namespace means default, but not for a Node',
    '{apiVersion: v1, kind: Node, metadata: {name: n}}\n---\n' +
      '{apiVersion: v1, kind: Service, metadata: {name: web}}',
    ['Node /n', 'Service default/web'],
  ],
  [
    'a List',
    'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Node, metadata: {name: n}}\n',
    ['Node /n'],
  ],
  [
    'a typed list, whose items need not say what they are',
    '{apiVersion: v1, kind: NodeList, items: [{metadata: {name: n}}]}',
    ['Node /n'],
  ],
  ['JSON', '{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}', ['Node /n']],
  ['an empty list', '{"apiVersion": "v1", "kind": "List", "items": []}', []],
  ['other kinds are passed over', '{apiVersion: apps/v1, kind: Deployment}', []],
  [
    'and so are kinds of the same name in other groups',
    '{apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: a}}',
    [],
  ],
];

for (const [title, text, expected] of FOUND) {
  test(title, () => {
    assert.deepEqual(names(text), expected);
  });
}

const REFUSED: readonly [title: string, text: string, expected: readonly string[]][] = [
  ['no YAML', `${SERVICE}  broken: [1\n`, ['9  fatal']],
  ['no object', '- a\n- b\n', ['1  fatal']],
  ['no kind', 'metadata:\n  name: a\n', ['1  fatal']],
  ['no name', 'apiVersion: v1\nkind: Service\nmetadata: {}\n', ['3 metadata.name fatal']],
  [
    'a version of before v1',
    'kind: EndpointSlice\napiVersion: discovery.k8s.io/v1beta1\n',
    ['2 apiVersion fatal'],
  ],
  [
    'a wrong field leaves out only that',
    SERVICE.replace('port: 80', 'port: 99999'),
    ['7 spec.ports[0].port'],
  ],
  [
    'the line is that of the item in its list',
    `apiVersion: v1\nkind: List\nitems:\n- ${SERVICE.replace('80', '-1').trim().replaceAll('\n', '\n  ')}\n`,
    ['10 spec.ports[0].port'],
  ],
  [
    'in JSON too',
    '{"apiVersion": "v1",\n"kind": "Node",\n"metadata":\n{"name": "Bad_Name"}}',
    ['4 metadata.name'],
  ],
];

for (const [title, text, expected] of REFUSED) {
  test(`problem: ${title}`, () => {
    assert.deepEqual(problemPlaces(text), expected);
  });
}

test('a document that multiplies itself by aliases is refused', () => {
  const levels = Array.from(
    { length: 12 },
    (_, level) =>
      `a${String(level + 1)}: &a${String(level + 1)} [${Array(10)
        .fill(`*a${String(level)}`)
        .join(',')}]`,
  );
  const bomb = ['a0: &a0 [x]', ...levels].join('\n');
  assert.throws(() => manifestObjects('a.yaml', bomb), /alias/);
});
