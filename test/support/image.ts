// The image as its Dockerfile describes it, for a machine without a container engine: facts, and its bundle.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '../..')

/** One instruction, its lines joined: `['COPY', 'app app']`. */
export type Instruction = readonly [name: string, rest: string]

/** The instructions of each stage; the first entry holds what stands before the first FROM. */
export function dockerfileStages(): Instruction[][] {
  const text = readFileSync(join(root, 'Dockerfile'), 'utf8')
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
  const stages: Instruction[][] = [[]]
  for (const line of text.split('\n').filter(line => line.trim() !== '')) {
    const [, name = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
    if (name === 'FROM') stages.push([])
    stages.at(-1)?.push([name, rest])
  }
  return stages
}

/** What the last stage says under `name`; empty when it does not. */
export function runtimeSays(name: string): string {
  return (
    dockerfileStages()
      .at(-1)
      ?.findLast(([instruction]) => instruction === name)?.[1] ?? ''
  )
}

export interface Bundle extends AsyncDisposable {
  readonly folder: string
}

/** Builds the bundle where no node_modules is in reach. */
export async function buildBundle(): Promise<Bundle> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-bundle-'))
  await promisify(execFile)(process.execPath, [join(root, 'tools/bundle.ts'), folder])
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}

export interface EntryCommand {
  readonly command: string
  readonly words: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** The image's entry command with its default arguments, moved to `folder` and to the file `config`. */
export function entryCommand(folder: string, config: string): EntryCommand {
  const said = [...JSON.parse(runtimeSays('ENTRYPOINT')), ...JSON.parse(runtimeSays('CMD'))].map(String)
  const [, ...words] = said.map(word => moved(word, folder, config))
  const settings = runtimeSays('ENV')
    .split(' ')
    .map(pair => pair.split('='))
  const env = Object.fromEntries(
    settings.map(([name = '', value = '']) => [name, moved(value, folder, config)]),
  )
  return { command: said[0] === 'node' ? process.execPath : (said[0] ?? ''), words, env }
}

function moved(word: string, folder: string, config: string): string {
  return word.replace(/^\/app(?=\/)/, folder).replace('/etc/claude/gateway.yaml', config)
}
