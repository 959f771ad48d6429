/**
 * To be run inside a network namespace: ends the UDP flows that the addresses given as arguments
 * answer, and prints how many there were.
 */
import { deleteUdpFlows } from '../../src/kernel/conntrack.ts';
import { FAMILIES } from '../../src/net/family.ts';

const gone = new Set(process.argv.slice(2));
const deleted = await deleteUdpFlows(FAMILIES, ({ replySource }) => gone.has(replySource));
process.stdout.write(`${String(deleted)}\n`);
