import type { Readable } from 'node:stream';
import type { Log } from '../observe/log.ts';
import type { ManifestContent, ManifestProblem } from './manifestObjects.ts';
import { readManifests, STDIN } from './readManifests.ts';
import { KINDS } from './source.ts';
import type { ObjectSink, ObjectSource } from './source.ts';
import { watchPath } from './watchPath.ts';
import type { PathWatch } from './watchPath.ts';

export interface ManifestSourceOptions {
  /** A file, a directory, or `-` for `stdin`. */
  readonly path: string;
  readonly stdin: Readable;
  readonly log: Log;
  /** How long it must have been quiet before a change is read: editors write in several steps. */
  readonly debounceMs?: number;
}

const DEBOUNCE_MS = 50;

/** Feed a sink with all of these objects, as one complete list of each kind. */
export function feedManifests(content: ManifestContent, sink: ObjectSink): void {
  for (const kind of KINDS) {
    sink.listStarted(kind);
    for (const object of content.objects) {
      if (object.kind === kind) sink.put(kind, object.object);
    }
    sink.listFinished(kind);
  }
}

/**
 * Objects from files. Whatever changes, all is read again and fed as a whole or not at all: with a
 * problem anywhere, the last good state stays. Only at the start, when there is none yet, objects
 * with a problem in one of their fields are fed too: as from an API server, that part is left out
 * of them and no other object suffers. Files of which even the objects are unknown are never fed:
 * half a cluster would take away the other half's rules.
 */
export function manifestSource(options: ManifestSourceOptions): ObjectSource {
  const { path, stdin, log } = options;
  let hasFed = false;
  let isStopped = false;
  let reading: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let watch: PathWatch | undefined;

  async function read(sink: ObjectSink): Promise<void> {
    const content = await readManifests(path, stdin);
    if (isStopped) return;
    for (const problem of content.problems) report(problem, log);
    const isRefused = content.problems.some(({ isFatal }) => isFatal || hasFed);
    if (isRefused) {
      log.error('manifests not applied, the last good state stays', {
        path,
        problems: content.problems.length,
      });
      return;
    }
    feedManifests(content, sink);
    hasFed = true;
    log.info('manifests read', { path, objects: content.objects.length });
  }

  /** One read at a time, the last of them after the last change. */
  function readNext(sink: ObjectSink): void {
    reading = reading.then(() => read(sink));
  }

  return {
    start(sink) {
      if (path !== STDIN) {
        watch = watchPath(path, () => {
          clearTimeout(timer);
          timer = setTimeout(readNext, options.debounceMs ?? DEBOUNCE_MS, sink);
        });
      }
      readNext(sink);
    },
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      watch?.close();
      // Standard input may never end; nothing of it will reach the sink any more.
      if (path !== STDIN) await reading;
    },
  };
}

function report({ file, line, field, message }: ManifestProblem, log: Log): void {
  log.error('bad manifest', { file, line, field, problem: message });
}
