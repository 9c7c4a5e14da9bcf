import { TerraformStack } from 'cdktf'
import type { Construct } from 'constructs'

/** A generated password: where its value can be taken from, and which generation it is. */
export interface Password {
  /** An expression for write-only arguments; the value is in no plan and no state. */
  readonly value: string
  /** Counts up by one for each rotation; write-only arguments are sent again when it changes. */
  readonly generation: number
}

/**
 * Declares a password that exists only while Terraform runs (G-30).
 *
 * The value differs on every run, so all that must share it are written by one apply and carry one generation.
 * cdktf 0.21 has no construct for ephemeral resources: the block is written into the stack as it is.
 */
export function ephemeralPassword(scope: Construct, id: string, generation: number): Password {
  const address = `random_password.${id}_${generation}`
  // 48 letters and digits hold 285 bits, and need no quoting in a URL, a file or a shell.
  TerraformStack.of(scope).addOverride(`ephemeral.${address}`, { length: 48, special: false })
  return { value: `\${ephemeral.${address}.result}`, generation }
}
