/** The dashboard and the alerts, as the tests look at them. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { FOLDER } from './render.ts';

export const MONITORING = resolve(FOLDER, 'monitoring');

const panel = z.object({
  id: z.number(),
  title: z.string(),
  type: z.enum(['row', 'timeseries', 'stat']),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  targets: z.array(z.object({ expr: z.string(), legendFormat: z.string() })).default([]),
});

export type Panel = z.output<typeof panel>;

const rule = z.object({
  alert: z.string(),
  expr: z.string(),
  labels: z.object({ severity: z.enum(['critical', 'warning', 'info']) }),
  annotations: z.object({ summary: z.string(), description: z.string() }),
});

const rules = z.object({
  spec: z.object({ groups: z.array(z.looseObject({ rules: z.array(z.looseObject(rule.shape)) })) }),
});

export function panels(): readonly Panel[] {
  const file = readFileSync(resolve(MONITORING, 'dashboard.json'), 'utf8');
  return z.object({ panels: z.array(panel) }).parse(JSON.parse(file)).panels;
}

export function alerts(): readonly z.output<typeof rule>[] {
  return readRules().spec.groups.flatMap((group) => group.rules);
}

/** The groups as Prometheus itself reads them; without descriptions, which are only for people. */
export function ruleFile({ withDescriptions }: { readonly withDescriptions: boolean }): string {
  const { groups } = readRules().spec;
  const shown = groups.map((group) => ({
    ...group,
    rules: group.rules.map(({ annotations, ...rest }) => ({
      ...rest,
      annotations: withDescriptions ? annotations : { summary: annotations.summary },
    })),
  }));
  return stringify({ groups: shown });
}

function readRules(): z.output<typeof rules> {
  return rules.parse(parse(readFileSync(resolve(MONITORING, 'alerts.yaml'), 'utf8')));
}

/** The metrics that an expression of PromQL asks for, but for `up`, which is Prometheus' own. */
export function metricsIn(expr: string): readonly string[] {
  const found = expr.match(/\b(?:fairway|kubeproxy|process|nodejs)_\w+/g) ?? [];
  return [...new Set(found)];
}
