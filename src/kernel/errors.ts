export type KernelErrorKind =
  'missing-program' | 'no-module' | 'not-permitted' | 'busy' | 'rejected' | 'timed-out' | 'aborted';

export interface KernelErrorDetails {
  readonly kind: KernelErrorKind;
  readonly program: string;
  readonly exitCode: number | undefined;
  /** First line of standard error, control characters replaced. */
  readonly firstLine: string;
  /** The line of our input that the program refused, where it names one. */
  readonly inputLine: string | undefined;
}

/** A program or the kernel did not do what was asked. The message says what to do about it. */
export class KernelError extends Error {
  readonly details: KernelErrorDetails;

  constructor(message: string, details: KernelErrorDetails, cause?: unknown) {
    super(message, { cause });
    this.name = 'KernelError';
    this.details = details;
  }

  get kind(): KernelErrorKind {
    return this.details.kind;
  }
}
