import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseCommandLine } from '../../../src/cli/program.ts';
import { FLAGS } from '../../../src/config/flags.ts';
import { valueAt } from '../../../src/config/layers.ts';
import { loadConfig } from '../../../src/config/load.ts';

const ENVIRONMENT = { nodeName: undefined, hostname: 'node-a' };

/** Does something here; or is only accepted, with a line in the log. */
type Use = 'used' | 'accepted';

/** Every flag of kube-proxy 1.36 on Linux, its default there and a value that it takes. */
const KUBE_PROXY_FLAGS: readonly (readonly [string, string, string, Use])[] = [
  ['config', '', 'config.conf', 'used'],
  ['write-config-to', '', 'out.yaml', 'used'],
  ['cleanup', 'false', 'true', 'used'],
  ['init-only', 'false', '1', 'used'],
  ['feature-gates', '', 'A=true,B=false', 'accepted'],
  ['kubeconfig', '', '/etc/kubeconfig', 'used'],
  ['master', '', 'https://192.0.2.1:6443', 'used'],
  ['kube-api-content-type', 'application/vnd.kubernetes.protobuf', 'application/json', 'accepted'],
  ['kube-api-burst', '10', '20', 'accepted'],
  ['kube-api-qps', '5', '2.5', 'accepted'],
  ['hostname-override', '', 'Node-B', 'used'],
  ['bind-address', '0.0.0.0', '::', 'used'],
  ['healthz-bind-address', '0.0.0.0:10256', '', 'used'],
  ['metrics-bind-address', '127.0.0.1:10249', '0.0.0.0', 'used'],
  ['bind-address-hard-fail', 'false', 'T', 'used'],
  ['profiling', 'false', 'TRUE', 'used'],
  ['show-hidden-metrics-for-version', '', '1.35', 'accepted'],
  ['proxy-mode', 'iptables', 'ipvs', 'used'],
  ['iptables-masquerade-bit', '14', '0xf', 'used'],
  ['masquerade-all', 'false', 't', 'used'],
  ['iptables-localhost-nodeports', 'true', 'f', 'used'],
  ['iptables-sync-period', '30s', '1m30s', 'used'],
  ['iptables-min-sync-period', '1s', '0', 'used'],
  ['ipvs-sync-period', '30s', '45s', 'used'],
  ['ipvs-min-sync-period', '1s', '2s', 'used'],
  ['ipvs-scheduler', '', 'lc', 'used'],
  ['ipvs-exclude-cidrs', '', '192.0.2.0/24,198.51.100.0/24', 'used'],
  ['ipvs-strict-arp', 'false', 'true', 'used'],
  ['ipvs-tcp-timeout', '0s', '15m', 'used'],
  ['ipvs-tcpfin-timeout', '0s', '2m', 'used'],
  ['ipvs-udp-timeout', '0s', '5m', 'used'],
  ['detect-local-mode', '', 'NodeCIDR', 'used'],
  ['pod-bridge-interface', '', 'cni0', 'used'],
  ['pod-interface-name-prefix', '', 'veth', 'used'],
  ['cluster-cidr', '', '10.244.0.0/16,fd00::/48', 'used'],
  ['nodeport-addresses', '', 'primary', 'used'],
  ['oom-score-adj', '-999', '-1000', 'used'],
  ['conntrack-max-per-core', '32768', '0', 'used'],
  ['conntrack-min', '131072', '1', 'used'],
  ['conntrack-tcp-timeout-established', '24h', '120h', 'used'],
  ['conntrack-tcp-timeout-close-wait', '1h', '0', 'used'],
  ['conntrack-tcp-be-liberal', 'false', 'true', 'used'],
  ['conntrack-udp-timeout', '0s', '30s', 'used'],
  ['conntrack-udp-timeout-stream', '0s', '3m', 'used'],
  ['config-sync-period', '15m', '1h', 'accepted'],
  ['healthz-port', '10256', '0', 'used'],
  ['metrics-port', '10249', '0', 'used'],
  ['logging-format', 'text', 'json', 'used'],
  ['log-flush-frequency', '5s', '1s', 'accepted'],
  ['v', '0', '4', 'used'],
  ['vmodule', '', 'proxier=4', 'accepted'],
  ['log-text-split-stream', 'false', 'true', 'accepted'],
  ['log-text-info-buffer-size', '0', '1Ki', 'accepted'],
  ['log-json-split-stream', 'false', 'true', 'accepted'],
  ['log-json-info-buffer-size', '0', '1Mi', 'accepted'],
  ['boot-id-file', '/proc/sys/kernel/random/boot_id', '/x', 'accepted'],
  ['machine-id-file', '/etc/machine-id,/var/lib/dbus/machine-id', '/x', 'accepted'],
  // Of older versions.
  ['proxy-port-range', '', '300-2000', 'accepted'],
  ['udp-timeout', '250ms', '500ms', 'used'],
  ['logtostderr', 'true', 'true', 'accepted'],
  ['alsologtostderr', 'false', 'true', 'accepted'],
  ['stderrthreshold', '2', 'INFO', 'accepted'],
  ['one_output', 'false', 'true', 'accepted'],
  ['log_dir', '', '/var/log', 'accepted'],
  ['log_file', '', '/var/log/kube-proxy.log', 'accepted'],
  ['log_file_max_size', '1800', '100', 'accepted'],
  ['log_backtrace_at', '', 'proxier.go:12', 'accepted'],
  ['add_dir_header', 'false', 'true', 'accepted'],
  ['skip_headers', 'false', 'true', 'accepted'],
  ['skip_log_headers', 'false', 'true', 'accepted'],
];

for (const [name, usual, value, use] of KUBE_PROXY_FLAGS) {
  test(`--${name}=${value} is ${use}`, () => {
    const request = parseCommandLine([`--${name}=${value}`], '1.2.3');
    assert.equal(request.command, 'run');
    const { config, notes, problems } = loadConfig(request.flags, ENVIRONMENT);
    assert.deepEqual(problems, undefined);
    const why = notes.map(({ message, fields }) => [message, fields['flag']]);
    const flag = `--${name.replaceAll('_', '-')}`;
    assert.deepEqual(why, use === 'used' ? [] : [['flag does nothing here', flag]]);
    const usualConfig = loadConfig({}, ENVIRONMENT).config;
    if (use === 'used') assert.notDeepEqual(config, usualConfig);
    const known = FLAGS.find((each) => `--${each.name}` === flag);
    assert.ok(known);
    assert.equal(known.defaultValue, DIFFERENT_DEFAULTS.get(name) ?? usual);
    if (known.path !== undefined && use === 'accepted') {
      assert.notDeepEqual(valueAt(config, known.path), valueAt(usualConfig, known.path));
    }
  });
}

/** Mostly where kube-proxy leaves a default to code behind its flags, which is the same word there. */
const DIFFERENT_DEFAULTS: ReadonlyMap<string, string> = new Map([
  ['ipvs-scheduler', 'rr'],
  // Too short for a flow that pauses.
  ['udp-timeout', '2m'],
  ['detect-local-mode', 'ClusterCIDR'],
]);

test('an old flag for a port says so when it does nothing', () => {
  const { notes } = loadConfig({ 'healthz-port': '8080' }, ENVIRONMENT);
  assert.deepEqual(
    notes.map(({ fields }) => fields['why']),
    ['The address has a port already'],
  );
  assert.deepEqual(loadConfig({ 'healthz-port': 'x' }, ENVIRONMENT).problems, [
    '--healthz-port: expected a number from 0 to 65535, found "x"',
  ]);
});
