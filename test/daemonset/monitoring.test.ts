/** Alerts by Prometheus' own judge, and what can be told of a dashboard without a live agent. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { readKubeProxyFile } from '../../src/config/kubeProxyFile.ts';
import { loadConfig } from '../../src/config/load.ts';
import { alerts, MONITORING, panels, ruleFile } from './manifests/monitoring.ts';
import type { Panel } from './manifests/monitoring.ts';
import { FOLDER, only, render, whyNoKubectl } from './manifests/render.ts';
import type { Manifest } from './manifests/render.ts';

const whyNoPromtool =
  spawnSync('promtool', ['--version']).error === undefined ? false : 'promtool is not installed';

interface AlertTests {
  readonly tests: readonly {
    readonly alert_rule_test: readonly {
      readonly alertname: string;
      readonly exp_alerts: readonly unknown[];
    }[];
  }[];
}

test('alerts come when they should, and only then', { skip: whyNoPromtool }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fairway-alerts-'));
  t.after(() => rmSync(folder, { recursive: true }));
  copyFileSync(resolve(MONITORING, 'alerts.test.yaml'), join(folder, 'alerts.test.yaml'));
  writeFileSync(join(folder, 'whole.yaml'), ruleFile({ withDescriptions: true }));
  writeFileSync(join(folder, 'alerts.rules.yaml'), ruleFile({ withDescriptions: false }));
  for (const args of [
    ['check', 'rules', 'whole.yaml'],
    ['test', 'rules', 'alerts.test.yaml'],
  ]) {
    const { status, stdout, stderr } = spawnSync('promtool', args, {
      ...{ cwd: folder, encoding: 'utf8' as const },
    });
    assert.equal(status, 0, `${stdout}${stderr}`);
  }
});

test('every alert is tested for when it comes and for when it does not', () => {
  const text = readFileSync(resolve(MONITORING, 'alerts.test.yaml'), 'utf8');
  const tests = (parse(text) as AlertTests).tests.flatMap((each) => each.alert_rule_test);
  const named = (some: typeof tests): readonly string[] =>
    [...new Set(some.map(({ alertname }) => alertname))].sort();
  const all = alerts()
    .map(({ alert }) => alert)
    .sort();
  assert.deepEqual(named(tests.filter(({ exp_alerts: expected }) => expected.length > 0)), all);
  assert.deepEqual(named(tests.filter(({ exp_alerts: expected }) => expected.length === 0)), all);
});

test('panels have ids of their own, do not cover each other, and ask something', () => {
  const all = panels();
  assert.equal(new Set(all.map(({ id }) => id)).size, all.length);
  for (const [index, one] of all.entries()) {
    assert.equal(one.targets.length === 0, one.type === 'row', one.title);
    assert.ok(one.gridPos.x + one.gridPos.w <= 24, one.title);
    for (const other of all.slice(index + 1)) {
      assert.ok(!overlap(one, other), `${one.title} and ${other.title}`);
    }
  }
});

function overlap({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

interface PodMonitor {
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly podMetricsEndpoints: readonly {
      readonly relabelings: readonly {
        readonly regex?: string;
        readonly replacement?: string;
        readonly targetLabel?: string;
      }[];
    }[];
  };
}

test('pods are scraped at the port that they serve at', { skip: whyNoKubectl() }, () => {
  const { spec } = only(render('monitoring'), 'PodMonitor') as Manifest & PodMonitor;
  const path = resolve(FOLDER, 'base/config.yaml');
  const { config } = loadConfig(
    { config: path },
    { nodeName: 'node-1', hostname: 'pod' },
    { kubeProxy: readKubeProxyFile({ path, text: readFileSync(path, 'utf8') }) },
  );
  const { metricsBindAddress } = config ?? {};
  assert.ok(typeof metricsBindAddress === 'object');
  const [{ relabelings } = { relabelings: [] }] = spec.podMetricsEndpoints;
  const addresses = ['192.0.2.1', '2001:db8::1'].map((ip) =>
    relabelings
      .filter(({ targetLabel }) => targetLabel === '__address__')
      .flatMap(({ regex = '', replacement = '' }) =>
        // As Prometheus does it: the whole text must match.
        new RegExp(`^(?:${regex})$`).test(ip) ? ip.replace(new RegExp(regex), replacement) : [],
      ),
  );
  const port = String(metricsBindAddress.port);
  assert.deepEqual(addresses, [[`192.0.2.1:${port}`], [`[2001:db8::1]:${port}`]]);
  const agent = only(render('iptables'), 'DaemonSet') as unknown as {
    readonly spec: { readonly selector: object };
  };
  assert.deepEqual(spec.selector, agent.spec.selector);
});
