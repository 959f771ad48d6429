export { printTable } from '../../src/compare/report/table.ts';
