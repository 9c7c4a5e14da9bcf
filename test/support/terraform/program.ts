import { spawnSync } from 'node:child_process'

/** As it is found on PATH. */
export const TERRAFORM = 'terraform'

/** The first version that knows write-only arguments (G-64). */
const OLDEST = [1, 11]

/** Why Terraform cannot be run here; null where it can. */
export function terraformIsMissing(): string | null {
  const { status, stdout } = spawnSync(TERRAFORM, ['version', '-json'], {
    env: { PATH: process.env['PATH'] ?? '', CHECKPOINT_DISABLE: '1' },
    encoding: 'utf8',
  })
  if (status !== 0) return 'there is no terraform on PATH'
  const { terraform_version: version } = JSON.parse(stdout)
  const [major = 0, minor = 0] = String(version).split('.').map(Number)
  const isNewEnough = major > OLDEST[0]! || (major === OLDEST[0]! && minor >= OLDEST[1]!) // two numbers stand there
  return isNewEnough ? null : `terraform ${version} is older than ${OLDEST.join('.')}`
}
