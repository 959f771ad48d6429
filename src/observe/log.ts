/** Logs over winston: constant texts with fields, one line each, for people or for programs. */
import type { WriteStream } from 'node:tty';

import winston from 'winston';

import { printJson, printText } from './logLine.ts';
import type { LinePrinter } from './logLine.ts';

/** Fields beside a message; values must survive JSON. */
export type Fields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Where messages go: a constant text and fields, so that logs can be searched and counted. */
export interface Log {
  error(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  debug(message: string, fields?: Fields): void;
}

/** How much is written may change while it runs. */
export interface AdjustableLog extends Log {
  /** As kube-proxy's `-v`: from 4 on, debug messages too. */
  setVerbosity(verbosity: number): void;
}

/** The log that the process ends with. */
export interface ClosableLog extends AdjustableLog {
  /** Resolves when everything was handed to the stream: winston does that a tick late. */
  close(): Promise<void>;
}

export interface LogOptions {
  readonly format: 'text' | 'json';
  /** The least important level that is written. */
  readonly level: 'debug' | 'info';
  /** Colours and the short time of day are only for terminals. */
  readonly stream: NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'hasColors'>>;
  readonly now: () => Date;
}

export function createLog({ format, level, stream, now }: LogOptions): ClosableLog {
  const look = { isTerminal: stream.isTTY ?? false, hasColors: stream.hasColors?.() ?? false };
  const print: LinePrinter = format === 'json' ? printJson : printText(look);
  const transport = new winston.transports.Stream({ stream, eol: '\n' });
  const logger = winston.createLogger({
    level,
    // The line is complete when winston gets it: winston would mix fields called `message` or
    // `level` with its own.
    format: winston.format.printf(({ message }) => String(message)),
    transports: [transport],
  });

  function writerOf(lineLevel: keyof Log): Log[typeof lineLevel] {
    return (message, fields = {}) => {
      if (!logger.isLevelEnabled(lineLevel)) return;
      logger.log(lineLevel, print({ time: now(), level: lineLevel, message, fields }));
    };
  }

  return {
    error: writerOf('error'),
    warn: writerOf('warn'),
    info: writerOf('info'),
    debug: writerOf('debug'),
    setVerbosity(verbosity) {
      logger.level = levelOf(verbosity);
    },
    close() {
      return new Promise((resolve) => {
        transport.once('finish', resolve);
        logger.end();
      });
    },
  };
}

/** The least important level that is written at this verbosity. */
export function levelOf(verbosity: number): LogOptions['level'] {
  return verbosity >= 4 ? 'debug' : 'info';
}
