// A command that asks a running gateway, run in the test's own process as the terminal would run it.
import { atGateway } from '../../app/commands/at-gateway.ts'
import { readArguments } from '../../app/config/arguments.ts'
import { readEnvironment } from '../../app/config/environment.ts'

export interface CommandOutcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** What the person was asked. */
  readonly questions: readonly string[]
}

export interface CommandOptions {
  readonly origin: string
  readonly key: string
  /** What the person answers; without it nobody is there. */
  readonly consents?: boolean
}

/** Runs `words`, such as `['limits', 'list']`. */
export async function runAtGateway(
  words: readonly string[],
  { origin, key, consents }: CommandOptions,
): Promise<CommandOutcome> {
  const asked = readArguments(words)
  if (asked.kind !== 'limits' && asked.kind !== 'usage' && asked.kind !== 'forget')
    throw new Error(asked.kind === 'wrong' ? asked.problem : `${asked.kind} asks no gateway`)
  const written = { stdout: [] as string[], stderr: [] as string[] }
  const questions: string[] = []
  const confirm = async (question: string) => {
    questions.push(question)
    return consents === true
  }
  const code = await atGateway(asked, {
    environment: readEnvironment({ CLAUDE_GATEWAY_ALLOW_LOOPBACK: '1' }),
    variables: { url: origin, adminKey: key },
    print: text => void written.stdout.push(text),
    complain: text => void written.stderr.push(text),
    confirm: consents === undefined ? null : confirm,
  })
  return { code, stdout: written.stdout.join(''), stderr: written.stderr.join(''), questions }
}
