// `npm run synth`, as a process of its own in an empty folder.
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Synthesis {
  readonly code: number
  /** Lines of standard error. */
  readonly said: string[]
  /** The Terraform JSON; empty when there is none. */
  readonly text: string
}

export interface SynthOptions {
  /** Default: the stack of this repository. */
  readonly program?: string
  /** Loaded before it. */
  readonly preload?: string
  /** Besides PATH and GATEHOUSE_ENV. */
  readonly variables?: Readonly<Record<string, string>>
}

export async function synthesizeApart(env: string, options: SynthOptions = {}): Promise<Synthesis> {
  const { program = join(import.meta.dirname, '../../infra/main.ts'), preload, variables = {} } = options
  const cwd = await mkdtemp(join(tmpdir(), 'gatehouse-synth-'))
  const words = [...(preload === undefined ? [] : ['--import', preload]), program]
  const environment = { PATH: process.env['PATH'] ?? '', GATEHOUSE_ENV: env, ...variables }
  try {
    const [code, stderr] = await new Promise<[number, string]>(resolve => {
      execFile(process.execPath, words, { cwd, env: environment }, (error, _, said) => {
        resolve([error === null ? 0 : Number(error.code), said])
      })
    })
    const text = code === 0 ? await readFile(join(cwd, 'cdktf.out/stacks', env, 'cdk.tf.json'), 'utf8') : ''
    return { code, said: stderr.split('\n'), text }
  } finally {
    await rm(cwd, { recursive: true })
  }
}
