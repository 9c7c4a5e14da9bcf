/** Exit codes of the commands that ask a running gateway. */
export const EXIT = {
  done: 0,
  /** The call, a file, or what the gateway was asked is wrong: nothing was changed, and the same call fails again. */
  wrong: 1,
  /** `limits apply --plan` found something to do. */
  changes: 2,
  /** The gateway could not be asked, or could not answer: the same call may succeed later. */
  unavailable: 3,
} as const

/** Why a command ends before it is done, in words for the person at the terminal. */
export class CommandFault extends Error {
  override readonly name = 'CommandFault'
  readonly exitCode: 1 | 3

  constructor(message: string, exitCode: 1 | 3 = EXIT.wrong, cause?: unknown) {
    super(message, { cause })
    this.exitCode = exitCode
  }
}
