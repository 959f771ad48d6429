/** From samples to figures, each beside what it is compared with and its target. */
import type { Measurement } from './results.ts';
import { median, sum, worst } from './statistics.ts';

export interface Figure {
  readonly what: string;
  readonly fairway: string;
  /** The tools alone, or the pod without a Service. */
  readonly beside: string;
  readonly comparison: string;
  /** undefined where none is set for this size. */
  readonly target?: { readonly text: string; readonly isMet: boolean };
}

/** The size that most targets are set for. */
const TARGET_SERVICES = 10_000;

const START_OVER_RAW_MS = { nft: 1500, legacy: 1500, ipvs: Infinity, userspace: 2000 } as const;
const CHANGE_MS = { nft: 60, legacy: 250, ipvs: Infinity, userspace: 20 } as const;
/** ipvs mode is measured where only ratios count; the runtime's own start is not in them. */
const IPVS_START_RATIO = 1.5;
const IPVS_CHANGE_RATIO = 3;
const LEAST_SHARE = 0.9;
const MOST_MEGABYTES = 200;

export function figuresOf(measurement: Measurement): readonly Figure[] {
  return [
    startFigure(measurement),
    firstSyncFigure(measurement),
    changeFigure(measurement),
    changeSyncFigure(measurement),
    worstChangeFigure(measurement),
    ...churnFigures(measurement),
    ...memoryFigures(measurement),
    connectionsFigure(measurement),
  ];
}

function startFigure({ start, services, variant }: Measurement): Figure {
  const own = median(start.map(({ firstPacket }) => firstPacket));
  const raw = median(start.map((sample) => sample.raw));
  const over = own - raw;
  const most = START_OVER_RAW_MS[variant];
  return {
    what: 'start to first packet',
    fairway: seconds(own),
    beside: seconds(raw),
    comparison: plus(seconds(over)),
    ...(variant === 'ipvs' ? {} : targetAt(services, `+${seconds(most)}`, over <= most)),
  };
}

function firstSyncFigure({ start, variant }: Measurement): Figure {
  const own = median(start.map(({ firstSync }) => firstSync));
  const figure = { what: 'of it the first sync', fairway: seconds(own), beside: '' };
  if (variant !== 'ipvs') return { ...figure, comparison: '' };
  const ratio = own / median(start.map(({ raw }) => raw));
  return { ...figure, ...ratioTarget(ratio, IPVS_START_RATIO) };
}

function ratioTarget(ratio: number, most: number): Pick<Figure, 'comparison' | 'target'> {
  const target = { text: `x ${most.toFixed(1)}`, isMet: ratio <= most };
  return { comparison: `x ${ratio.toFixed(2)}`, target };
}

function changeFigure({ change, services, variant }: Measurement): Figure {
  const own = median(change.map(({ landed }) => landed));
  const raw = median(change.map((sample) => sample.raw));
  const most = CHANGE_MS[variant];
  return {
    what: `one change, median of ${String(change.length)}`,
    fairway: milliseconds(own),
    beside: besideChange(raw, variant),
    ...(variant === 'ipvs'
      ? ratioTarget(own / raw, IPVS_CHANGE_RATIO)
      : {
          comparison: variant === 'userspace' ? '' : plus(milliseconds(own - raw)),
          ...targetAt(services, milliseconds(most), own <= most),
        }),
  };
}

function changeSyncFigure({ change }: Measurement): Figure {
  const own = median(change.map(({ sync }) => sync));
  return { what: 'of it the sync', fairway: milliseconds(own), beside: '', comparison: '' };
}

/** The relay takes a change without any tool that could be run alone. */
function besideChange(raw: number, variant: Measurement['variant']): string {
  return variant === 'userspace' ? '' : milliseconds(raw);
}

function worstChangeFigure({ change, variant }: Measurement): Figure {
  const own = worst(change.map(({ landed }) => landed));
  const raw = worst(change.map((sample) => sample.raw));
  return {
    what: `one change, worst of ${String(change.length)}`,
    fairway: milliseconds(own),
    beside: besideChange(raw, variant),
    comparison: variant === 'userspace' ? '' : plus(milliseconds(own - raw)),
  };
}

function churnFigures({ churn, variant }: Measurement): readonly Figure[] {
  const { changes, syncs, landed, cpu, rawCpu } = churn;
  const total = sum([cpu.own, cpu.tools]);
  return [
    {
      what: `${String(changes)} changes, 20 a second: delay, median`,
      fairway: milliseconds(median(landed)),
      beside: '',
      comparison: '',
    },
    {
      what: 'the same: delay, worst',
      fairway: milliseconds(worst(landed)),
      beside: '',
      comparison: '',
    },
    {
      what: `the same: processor time, ${String(syncs)} syncs`,
      fairway: `${total.toFixed(1)} s`,
      beside: variant === 'userspace' ? '' : `${rawCpu.toFixed(1)} s`,
      comparison: variant === 'userspace' ? '' : plus(`${(total - rawCpu).toFixed(1)} s`),
    },
    {
      what: 'of it the tools',
      fairway: `${cpu.tools.toFixed(1)} s`,
      beside: '',
      comparison: '',
    },
  ];
}

function memoryFigures({ memory, services }: Measurement): readonly Figure[] {
  const most = Math.max(memory.afterFirstSync, memory.atEnd);
  return [
    {
      what: 'resident memory after the first sync',
      fairway: megabytes(memory.afterFirstSync),
      beside: '',
      comparison: '',
    },
    {
      what: `resident memory at the end (peak ${megabytes(memory.peak)})`,
      fairway: megabytes(memory.atEnd),
      beside: '',
      comparison: '',
      ...targetAt(services, `< ${megabytes(MOST_MEGABYTES)}`, most < MOST_MEGABYTES),
    },
  ];
}

/** What a relay costs is measured beside another relay, not beside none: scripts/bench --relay. */
function connectionsFigure({ connections, variant }: Measurement): Figure {
  const through = median(connections.throughService);
  const direct = median(connections.direct);
  const share = through / direct;
  return {
    what: `connections a second, ${String(connections.rules)} rules on the way`,
    fairway: perSecond(through),
    beside: perSecond(direct),
    comparison: `x ${share.toFixed(2)}`,
    ...(variant === 'userspace'
      ? {}
      : { target: { text: `x ${LEAST_SHARE.toFixed(2)}`, isMet: share >= LEAST_SHARE } }),
  };
}

function targetAt(services: number, text: string, isMet: boolean): Pick<Figure, 'target'> {
  return services === TARGET_SERVICES ? { target: { text, isMet } } : {};
}

/** With its sign. */
function plus(difference: string): string {
  return difference.startsWith('-') ? difference : `+${difference}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function milliseconds(ms: number): string {
  return `${ms.toFixed(0)} ms`;
}

function megabytes(amount: number): string {
  return `${amount.toFixed(0)} MB`;
}

function perSecond(rate: number): string {
  return (Math.round(rate / 100) * 100).toLocaleString('en');
}
