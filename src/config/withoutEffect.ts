/** What kube-proxy can be told and means nothing here: fields of Config, and why. */
const WINDOWS = 'This is for Linux only';
const NO_NFTABLES = 'There is no nftables mode yet';
const SPLIT = 'Log lines go to standard error, all of them and nowhere else';
const UNBUFFERED = 'Log lines are written at once';

export const WITHOUT_EFFECT: ReadonlyMap<string, string> = new Map([
  ['clientConnection.acceptContentTypes', 'The API server is always asked for JSON'],
  ['clientConnection.contentType', 'The API server is always asked for JSON'],
  ['clientConnection.qps', 'Requests are few: a list and a watch for each kind of object'],
  ['clientConnection.burst', 'Requests are few: a list and a watch for each kind of object'],
  ['configSyncPeriod', 'Objects are not handed out again; rules are checked each sync period'],
  ['featureGates', 'There are no feature gates here'],
  ['showHiddenMetricsForVersion', 'No metric is hidden'],
  ['portRange', 'The relay of userspace mode takes ports of its own, see --userspace-ports'],
  ['logging.flushFrequency', UNBUFFERED],
  ['logging.vmodule', 'How much is logged does not differ by source file'],
  ['logging.options.text.splitStream', SPLIT],
  ['logging.options.text.infoBufferSize', UNBUFFERED],
  ['logging.options.json.splitStream', SPLIT],
  ['logging.options.json.infoBufferSize', UNBUFFERED],
  ['nftables.masqueradeBit', NO_NFTABLES],
  ['nftables.masqueradeAll', NO_NFTABLES],
  ['nftables.syncPeriod', NO_NFTABLES],
  ['nftables.minSyncPeriod', NO_NFTABLES],
  ['winkernel.networkName', WINDOWS],
  ['winkernel.sourceVip', WINDOWS],
  ['winkernel.enableDSR', WINDOWS],
  ['winkernel.rootHnsEndpointName', WINDOWS],
  ['winkernel.forwardHealthCheckVip', WINDOWS],
  ['windowsRunAsService', WINDOWS],
]);
