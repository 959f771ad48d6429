/** The API server of a node under test, as the test holds it. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { KINDS } from '../../../../src/watch/source.ts';
import type { Kind } from '../../../../src/watch/source.ts';

export const PORT = 6443;

const PROGRAM = fileURLToPath(new URL('apiServerMain.ts', import.meta.url));

interface Report {
  /** `list services`, as RBAC would name it. */
  readonly requests: readonly string[];
  readonly events: number;
}

export interface ApiServer {
  /** These objects in place of all earlier ones. */
  replace(yaml: string): Promise<void>;
  /** Accept only this token from now on. */
  accept(token: string): Promise<void>;
  report(): Promise<Report>;
  stop(): void;
}

/** Start one in this network namespace; resolves once it serves at 127.0.0.1. */
export async function startApiServer(namespace: string, token: string): Promise<ApiServer> {
  const args = ['netns', 'exec', namespace, process.execPath, PROGRAM, String(PORT), token];
  const child = spawn('ip', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let there: ReadonlyMap<string, Kind> = new Map();

  async function next(): Promise<string> {
    const line = await lines.next();
    if (line.done === true) throw new Error('the API server has ended');
    return line.value;
  }

  async function ask(what: object): Promise<unknown> {
    child.stdin.write(`${JSON.stringify(what)}\n`);
    return JSON.parse(await next());
  }

  await next();
  return {
    async replace(yaml) {
      const objects = objectsIn(yaml);
      const names = new Map(objects.map(({ kind, object }) => [`${kind} ${nameOf(object)}`, kind]));
      for (const { kind, object } of objects) await ask({ put: [kind, object] });
      for (const [name, kind] of there) {
        if (!names.has(name)) await ask({ remove: [kind, name.slice(kind.length + 1)] });
      }
      there = names;
    },
    accept: async (next) => {
      await ask({ token: next });
    },
    report: async () => (await ask({ report: true })) as Report,
    stop() {
      child.stdin.end();
    },
  };
}

interface KubernetesObject {
  readonly kind: string;
  readonly metadata: { readonly namespace?: string; readonly name: string };
}

function objectsIn(yaml: string): readonly { kind: Kind; object: KubernetesObject }[] {
  return parseAllDocuments(yaml).flatMap((document) => {
    const object = document.toJS() as KubernetesObject | null;
    const kind = KINDS.find((each) => each === object?.kind);
    return object === null || kind === undefined ? [] : [{ kind, object }];
  });
}

function nameOf({ metadata }: KubernetesObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
