/** What is wrong with objects, told to operators and to the objects' owners. */
import type { Problem } from '../model/types.ts';
import type { Log } from '../observe/log.ts';
import type { EventSink } from '../watch/events.ts';

export interface ProblemReporterOptions {
  readonly log: Log;
  readonly events: EventSink;
}

/** Logs each problem and makes it an event on its object. */
export function problemReporter({
  log,
  events,
}: ProblemReporterOptions): (problems: readonly Problem[]) => void {
  return (problems) => {
    for (const { object, field, message } of problems) {
      const name = object.namespace === '' ? object.name : `${object.namespace}/${object.name}`;
      log.warn('object has a problem', { kind: object.kind, name, field, problem: message });
      events.problem(object, 'InvalidField', `${field}: ${message}`);
    }
  };
}
