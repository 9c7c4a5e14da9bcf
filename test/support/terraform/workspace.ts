// A folder in which the real Terraform runs against providers of this process, offline.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { arch, platform, tmpdir } from 'node:os'
import { join } from 'node:path'
import { TERRAFORM } from './program.ts'
import { Provider } from './provider.ts'
import { type ServedProvider, serveProvider } from './provider-server.ts'
import { RANDOM_SCHEMA } from './random-schema.ts'
import type { ProviderSchema } from './schema.ts'
import type { StackJson } from './stack-json.ts'

export interface Run {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Plan {
  /** What would be done to each resource: `create`, `update`, `replace` or `delete`. */
  readonly changes: Readonly<Record<string, string>>
  /** Whether neither a resource nor an output changes. */
  readonly isEmpty: boolean
}

/** Of `plan -detailed-exitcode`. */
const EXIT = { nothingToDo: 0, something: 2 } as const

/** The providers as `terraform init` finds them, with versions that the stack's constraints admit. */
const MIRRORED = { google: '6.50.0', random: '3.7.2' } as const

export class Workspace implements AsyncDisposable {
  /** What the Google provider was given. */
  readonly google: Provider
  readonly #folder: string
  readonly #served: readonly ServedProvider[]
  readonly #env: Readonly<Record<string, string>>

  private constructor(folder: string, google: Provider, served: readonly ServedProvider[]) {
    this.google = google
    this.#folder = folder
    this.#served = served
    const [first, second] = served
    this.#env = {
      ...{ PATH: process.env['PATH'] ?? '', HOME: folder, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1' },
      TF_CLI_CONFIG_FILE: join(folder, 'terraformrc'),
      TF_REATTACH_PROVIDERS: JSON.stringify({
        'registry.terraform.io/hashicorp/google': first?.reattach,
        'registry.terraform.io/hashicorp/random': second?.reattach,
      }),
    }
  }

  static async open(schema: ProviderSchema): Promise<Workspace> {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-terraform-'))
    const google = new Provider(schema)
    const served = [await serveProvider(google), await serveProvider(new Provider(RANDOM_SCHEMA))]
    writeMirror(folder)
    return new Workspace(folder, google, served)
  }

  /** Replaces the stack. Its state is kept beside it instead of in a bucket, which would need credentials. */
  write(text: string): void {
    const stack: StackJson = JSON.parse(text)
    const { backend: _, ...terraform } = stack.terraform ?? {}
    writeFileSync(join(this.#folder, 'cdk.tf.json'), JSON.stringify({ ...stack, terraform }, null, 2))
  }

  /** Installs the providers from the mirror, by the constraints of the stack; nothing is started yet. */
  init(): Promise<Run> {
    return this.#run(['init', '-no-color', '-input=false'], { TF_REATTACH_PROVIDERS: '' })
  }

  /** Everything that Terraform has against the stack; empty when it is valid. */
  async validate(): Promise<string[]> {
    const { stdout } = await this.#run(['validate', '-json'])
    const { diagnostics } = JSON.parse(stdout)
    return diagnostics.map(({ summary, detail }: Record<string, string>) => `${summary}: ${detail}`)
  }

  /** Plans, and keeps the plan for `apply`; without what stays and what is only read. */
  async plan(): Promise<Plan> {
    const words = ['plan', '-json', '-input=false', '-detailed-exitcode', '-out=plan']
    const { code, stdout, stderr } = await this.#run(words)
    if (code !== EXIT.nothingToDo && code !== EXIT.something) throw new Error(`${stderr}${stdout}`)
    const changes = stdout
      .split('\n')
      .filter(line => line.includes('"planned_change"'))
      .map(line => JSON.parse(line).change)
      .filter(({ action }) => action !== 'read')
      .map(({ resource, action }): [string, string] => [resource.addr, action])
    return { changes: Object.fromEntries(changes), isEmpty: code === EXIT.nothingToDo }
  }

  /** The whole plan as Terraform shows it, with every value in it. */
  async shownPlan(): Promise<string> {
    return (await this.#run(['show', '-json', 'plan'])).stdout
  }

  /** Applies the plan; answers the addresses as they were begun and finished, such as `+a.b` and `=a.b`. */
  async apply(): Promise<string[]> {
    const { code, stdout, stderr } = await this.#run(['apply', '-json', '-input=false', 'plan'])
    if (code !== 0) throw new Error(`${stderr}${stdout}`)
    return stdout
      .split('\n')
      .filter(line => line.includes('"apply_start"') || line.includes('"apply_complete"'))
      .map(line => JSON.parse(line))
      .map(({ type, hook }) => `${type === 'apply_start' ? '+' : '='}${hook.resource.addr}`)
  }

  destroy(): Promise<Run> {
    return this.#run(['destroy', '-no-color', '-input=false', '-auto-approve'])
  }

  /** The text of the state file. */
  state(): string {
    return readFileSync(join(this.#folder, 'terraform.tfstate'), 'utf8')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#served.map(served => served[Symbol.asyncDispose]()))
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #run(words: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<Run> {
    const env = { ...this.#env, ...variables }
    const options = { cwd: this.#folder, env, maxBuffer: 2 ** 26, timeout: 60_000 }
    return new Promise(resolve => {
      execFile(TERRAFORM, words, options, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
      })
    })
  }
}

/** A mirror of programs that are never started: Terraform attaches to the ones of this process. */
function writeMirror(folder: string): void {
  const system = `${platform()}_${arch() === 'x64' ? 'amd64' : arch()}`
  for (const [name, version] of Object.entries(MIRRORED)) {
    const place = join(folder, 'mirror/registry.terraform.io/hashicorp', name, version, system)
    mkdirSync(place, { recursive: true })
    writeFileSync(join(place, `terraform-provider-${name}_v${version}`), '#!/bin/sh\nexit 1\n', {
      mode: 0o755,
    })
  }
  const source = `filesystem_mirror { path = ${JSON.stringify(join(folder, 'mirror'))} }`
  writeFileSync(join(folder, 'terraformrc'), `provider_installation {\n  ${source}\n}\n`)
}
