/** How the page looks: light and dark as the reader's system is, and on paper. */
import { COLOURS } from '../charts/svg.ts';

/** The baseline is grey; the others are told apart by those who see no red or green, too. */
const LIGHT = ['#6b7280', '#0072b2', '#d55e00', '#00825f', '#b04a8a', '#9a6a00', '#3f6fd8'];
const DARK = ['#a3abb8', '#4fb3f0', '#ff9152', '#35c79b', '#ee9ccb', '#e6b450', '#93b4ff'];
const DASHES = ['2 3', 'none', '7 3', 'none', '7 3 2 3', '4 2', 'none'];

function colours(palette: readonly string[]): string {
  return palette.map((colour, index) => `--c${String(index)}: ${colour};`).join(' ');
}

function classes(): string {
  const each = Array.from({ length: COLOURS }, (_, index) => {
    const name = `c${String(index)}`;
    return `.${name} { --c: var(--${name}); --dash: ${DASHES[index] ?? 'none'}; }`;
  });
  return each.join('\n');
}

const LIGHT_PAGE =
  '--page: #ffffff; --text: #1a1d21; --dim: #59616b; --rule: #d9dde3; --soft: #f4f6f8; --bad: #c62828; --late: #b26a00; --broken: #fbe3e0;';
const DARK_PAGE =
  '--page: #14171a; --text: #e6e8eb; --dim: #a0a8b2; --rule: #343a41; --soft: #1d2126; --bad: #ff7b72; --late: #f0b357; --broken: #3b2224;';

export const STYLE = `
:root { color-scheme: light dark; ${LIGHT_PAGE} ${colours(LIGHT)} }
@media (prefers-color-scheme: dark) { :root { ${DARK_PAGE} ${colours(DARK)} } }
${classes()}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 96rem; background: var(--page); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0.5rem 0; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 0.25rem; border-top: 1px solid var(--rule); padding-top: 1rem; }
h3 { font-size: 1rem; margin: 0 0 0.25rem; }
p { max-width: 46rem; margin: 0.5rem 0; }
.verdict { background: var(--soft); border-left: 4px solid var(--c1); padding: 0.5rem 1rem; max-width: 60rem; }
.verdict p { max-width: none; font-size: 1.05rem; }
.note { color: var(--dim); font-size: 0.9rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.15rem 1rem; margin: 1rem 0; font-size: 0.9rem; }
dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1.5rem; margin: 1rem 0; }
figure { margin: 0; max-width: 34rem; break-inside: avoid; }
svg { width: 100%; height: auto; display: block; font: 12px system-ui, sans-serif; }
svg text { fill: var(--text); } svg .tick, svg .axis { fill: var(--dim); } svg .axis { font-size: 11.5px; }
.grid { stroke: var(--rule); } .well { stroke: var(--dim); stroke-opacity: 0.5; }
.line { fill: none; stroke: var(--c); stroke-width: 2; stroke-dasharray: var(--dash); }
.range { stroke: var(--c); } .dot { fill: var(--c); } .bar { fill: var(--c); } .pale { fill-opacity: 0.45; }
.spread { stroke: var(--text); stroke-width: 1.5; }
.failed { stroke: var(--bad); stroke-width: 1.5; } .late { stroke: var(--late); } .broken { fill: var(--broken); }
.legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; list-style: none; padding: 0; margin: 0.5rem 0; font-size: 0.9rem; }
.legend svg { display: inline-block; width: 28px; height: 10px; margin-right: 0.4rem; vertical-align: middle; }
.table { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.25rem 0.7rem; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; }
th { font-weight: 600; }
th:first-child { text-align: left; position: sticky; left: 0; background: var(--page); white-space: normal; min-width: 9rem; }
tbody th { font-weight: 400; }
@media print {
  :root { ${LIGHT_PAGE} ${colours(LIGHT)} }
  body { max-width: none; padding: 0; font-size: 11px; }
  .charts { grid-template-columns: repeat(2, 1fr); } .table { overflow: visible; } table { font-size: 9px; }
  th, td { padding: 0.15rem 0.4rem; white-space: normal; } h2, h3 { break-after: avoid; } tr { break-inside: avoid; }
}
`;
