// A copy of the stack in a folder of its own, where `cdktf` is what npm installs for the successor's two lines.
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
const BINDINGS = '@cdktf/provider-google'

/** The two lines of package.json that are the way out of cdktf (G-65). */
export const EXIT = {
  alias: { cdktf: 'npm:cdktn@0.24.0' },
  overrides: { [BINDINGS]: { cdktf: '$cdktf' } },
} as const

/** A registry that does not answer is given up soon. */
const QUICK = ['--fetch-retries=0', '--fetch-timeout=20000']

export interface Outcome {
  readonly code: number
  readonly said: string
}

export class SuccessorProject implements AsyncDisposable {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** The sources, and of the bindings' 300 MB only what the stack imports. Nothing is installed yet. */
  static async open(): Promise<SuccessorProject> {
    const folder = await mkdtemp(join(tmpdir(), 'gatehouse-successor-'))
    for (const name of ['infra', 'app']) await cp(join(ROOT, name), join(folder, name), { recursive: true })
    await cp(join(ROOT, 'package.json'), join(folder, 'original.json'))
    const google = await readFile(join(ROOT, 'infra/google.ts'), 'utf8')
    const used = [...google.matchAll(/'@cdktf\/provider-google\/(lib\/[\w-]+)\/index\.js'/g)].map(
      ([, path = '']) => path,
    )
    for (const path of ['package.json', ...used]) {
      await cp(join(ROOT, 'node_modules', BINDINGS, path), join(folder, 'bindings', path), {
        recursive: true,
      })
    }
    return new SuccessorProject(folder)
  }

  /** Why npm cannot fetch the successor here; null where it can. */
  async unreachable(): Promise<string | null> {
    const successor = EXIT.alias.cdktf.slice('npm:'.length)
    const { code, said } = await this.#npm(['view', successor, 'version', ...QUICK])
    return code === 0 ? null : `npm cannot fetch ${successor}: ${said.trim().split('\n')[0]}`
  }

  /** `npm install` of the alias, with or without the second line. */
  async install(overrides: object = EXIT.overrides): Promise<Outcome> {
    const { devDependencies } = JSON.parse(await readFile(join(this.#folder, 'original.json'), 'utf8'))
    const dependencies = {
      ...{ ...EXIT.alias, constructs: devDependencies.constructs, [BINDINGS]: 'file:bindings' },
    }
    const manifest = { name: 'successor', version: '0.1.0', private: true, type: 'module' }
    await writeFile(
      join(this.#folder, 'package.json'),
      JSON.stringify({ ...manifest, dependencies, overrides }),
    )
    const flags = ['--install-links', '--ignore-scripts', '--no-audit', '--no-fund', '--no-progress']
    return this.#npm(['install', ...flags, ...QUICK])
  }

  /** Everything else that the sources import, as it is installed here. */
  async linkTheRest(): Promise<void> {
    const installed = await realpath(join(ROOT, 'node_modules'))
    for (const entry of await readdir(installed)) {
      if (entry.startsWith('.')) continue
      const inner = entry.startsWith('@') ? await readdir(join(installed, entry)) : ['']
      for (const name of inner.map(each => join(entry, each))) {
        const target = join(this.#folder, 'node_modules', name)
        await mkdir(dirname(target), { recursive: true })
        await symlink(join(installed, name), target).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'EEXIST') throw error
        })
      }
    }
  }

  /** The program that makes the stack. */
  get program(): string {
    return join(this.#folder, 'infra/main.ts')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  #npm(words: readonly string[]): Promise<Outcome> {
    // npm fetches from its registry: the guard against that, which tests inherit, is not for it.
    const { NODE_OPTIONS: _, ...env } = process.env
    const options = { cwd: this.#folder, env, timeout: 60_000 }
    return new Promise(resolve => {
      execFile('npm', words, options, (error, stdout, stderr) => {
        const code = typeof error?.code === 'number' ? error.code : 1
        resolve({ code: error === null ? 0 : code, said: `${stderr}${stdout}` || String(error?.code) })
      })
    })
  }
}
