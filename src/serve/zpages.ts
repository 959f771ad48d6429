/**
 * /statusz and /flagz: for people as text, for programs as JSON, in the form of Kubernetes'
 * z-pages (KEPs 4827 and 4828; kubernetes.io/docs/reference/instrumentation/zpages).
 */
import { textAnswer } from './answer.ts';
import type { TextAnswer } from './answer.ts';

/** Who answers. */
export interface Component {
  /** The name that tools look for. */
  readonly name: string;
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** What runs it, as `Node.js v26.1.0`. */
  readonly runtime: string;
}

export function statuszAnswer(
  { name, version, startedAt, runtime }: Component,
  { now, paths, accept }: { now: number; paths: readonly string[]; accept: string | undefined },
): TextAnswer {
  const upSeconds = Math.floor((now - startedAt) / 1000);
  // As kube-proxy lists them: only the first part of each.
  const shown = [...new Set(paths.map((path) => `/${path.split('/')[1] ?? ''}`))];
  const lines = [
    '',
    `Started: ${unixDate(new Date(startedAt))}`,
    `Up: ${upTime(upSeconds)}`,
    `Runtime: ${runtime}`,
    `Binary version: ${version}`,
    `Paths: ${shown.join(' ')}`,
  ];
  const fields = {
    startTime: new Date(startedAt).toISOString().replace(/\.\d+Z$/, 'Z'),
    uptimeSeconds: upSeconds,
    // The field has no better name there; this says what it is.
    goVersion: `none (${runtime})`,
    binaryVersion: version,
    paths: shown,
  };
  return zpage('Statusz', name, accept, { lines, fields });
}

/** `flags` by name, in any order. */
export function flagzAnswer(
  { name }: Component,
  flags: ReadonlyMap<string, string>,
  accept: string | undefined,
): TextAnswer {
  const sorted = [...flags].sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = sorted.map(([flag, value]) => `${flag}=${value}`);
  return zpage('Flagz', name, accept, { lines, fields: { flags: Object.fromEntries(sorted) } });
}

const WARNING =
  'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.';

interface Page {
  readonly lines: readonly string[];
  readonly fields: object;
}

function zpage(
  kind: 'Statusz' | 'Flagz',
  component: string,
  accept: string | undefined,
  { lines, fields }: Page,
): TextAnswer {
  switch (wantedForm(accept, kind)) {
    case 'text': {
      const head = ['', `${component} ${kind.toLowerCase()}`, WARNING];
      return textAnswer(200, `${[...head, ...lines].join('\n')}\n`);
    }
    case 'json': {
      const head = { kind, apiVersion: 'config.k8s.io/v1alpha1', metadata: { name: component } };
      return textAnswer(200, JSON.stringify({ ...head, ...fields }), 'application/json');
    }
    case 'neither':
      return textAnswer(406, `expected to send text/plain, or ${jsonType(kind)}\n`);
  }
}

function jsonType(kind: string): string {
  return `application/json;v=v1alpha1;g=config.k8s.io;as=${kind}`;
}

/** The first that is known; JSON without all of its parameters is not. */
function wantedForm(accept: string | undefined, kind: string): 'text' | 'json' | 'neither' {
  if (accept === undefined || accept.trim() === '') return 'text';
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    if (['*/*', 'text/*', 'text/plain'].includes(type)) return 'text';
    const [, ...wanted] = jsonType(kind).toLowerCase().split(';');
    const isWhole = wanted.every((each) => parameters.includes(each));
    if (type === 'application/json' && isWhole) return 'json';
  }
  return 'neither';
}

/** `0 hr 00 min 16 sec` */
function upTime(seconds: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  return `${String(Math.floor(minutes / 60))} hr ${two(minutes % 60)} min ${two(seconds % 60)} sec`;
}

/** `Wed Oct 16 21:03:43 UTC 2024` */
function unixDate(date: Date): string {
  const [weekday = '', day = '', month = '', year = '', time = ''] = date.toUTCString().split(' ');
  return `${weekday.slice(0, 3)} ${month} ${day.replace(/^0/, ' ')} ${time} UTC ${year}`;
}
