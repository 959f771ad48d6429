/** How much longer than usual things take here: in an emulated machine, several times. */
import process from 'node:process';

/** 1 on a real machine. Limits that only end a hopeless wait, and those of silence, follow it. */
export const SLOWNESS = Number(process.env['FAIRWAY_LAB_SLOWNESS'] ?? 1);
