/** The dashboard's queries and the alerts, asked of a Prometheus that scrapes a live agent. */
import assert from 'node:assert/strict';
import { alerts, metricsIn, panels } from '../../manifests/monitoring.ts';
import type { Prometheus } from './prometheus.ts';

/** In place of what Grafana puts there. */
const VARIABLES: readonly (readonly [string, string])[] = [
  ['$__rate_interval', '10s'],
  ['$node', '.*'],
];

export interface Query {
  /** Title of the panel, or name of the alert. */
  readonly of: string;
  readonly expr: string;
  /** That what is found must have, as the legend shows them. */
  readonly labels: readonly string[];
}

export function allQueries(): readonly Query[] {
  const shown = panels().flatMap(({ title, targets }) =>
    targets.map(({ expr, legendFormat }) => {
      const labels = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, name = '']) => name);
      return { of: title, expr: withVariables(expr), labels };
    }),
  );
  return [...shown, ...alerts().map(({ alert, expr }) => ({ of: alert, expr, labels: [] }))];
}

function withVariables(expr: string): string {
  const text = VARIABLES.reduce((before, [name, value]) => before.replaceAll(name, value), expr);
  assert.ok(!text.includes('$'), `a variable that no one knows: ${text}`);
  return text;
}

/** A metric that the agent of this mode has: how many samples of it there are now. */
export type Served = ReadonlyMap<string, number>;

/** From the text of /metrics, by the name as a query has it. */
export function servedMetrics(text: string): Served {
  const types = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)];
  const names = types.flatMap(([, name = '', type]) =>
    type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name],
  );
  const samples = [...text.matchAll(/^(\w+)[ {]/gm)].map(([, name = '']) => name);
  return new Map(
    names.map((name) => [name, samples.filter((sample) => sample === name).length] as const),
  );
}

/**
 * Ask those queries whose metrics all exist here: none may be refused, and those of the dashboard
 * must find something wherever there are samples. Returns those that were asked.
 */
export async function askAll(prometheus: Prometheus, served: Served): Promise<readonly Query[]> {
  const asked = allQueries().filter(({ expr }) =>
    metricsIn(expr).every((name) => served.has(name)),
  );
  const shown = new Set(panels().map(({ title }) => title));
  for (const { of, expr, labels } of asked) {
    const found = await prometheus.query(expr);
    const hasSamples = metricsIn(expr).every((name) => (served.get(name) ?? 0) > 0);
    // A comparison finds only what it is looking for.
    const mayFindNothing = !shown.has(of) || / [<>] /.test(expr);
    if (hasSamples && !mayFindNothing) assert.notDeepEqual(found, [], `${of}: ${expr}`);
    for (const { metric } of found) {
      for (const label of labels) assert.ok(metric[label] !== undefined, `${of}: no ${label}`);
    }
  }
  return asked;
}
