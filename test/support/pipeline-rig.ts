// A workspace like a build's, where gcloud, terraform and docker answer as a table says; node and the stack are real.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** How a program answers when its name and arguments match. The first row that fits is taken. */
export interface Row {
  /** An extended regular expression (POSIX) over the whole line. */
  readonly asked: string
  /** Only when a row of an earlier call said so in `learns`. */
  readonly knows?: string
  readonly learns?: string
  readonly says?: string
  readonly exit?: number
  /** Files, relative to the workspace, with their texts. */
  readonly writes?: Readonly<Record<string, string>>
}

export interface Ran {
  readonly exit: number | null
  readonly said: string
  /** What the programs were asked during this run, a line each. */
  readonly calls: readonly string[]
}

export class PipelineRig implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'pipeline-'))
  readonly #programs = join(this.folder, '.programs')

  constructor(rows: readonly Row[]) {
    cpSync(join(root, 'infra'), join(this.folder, 'infra'), { recursive: true })
    for (const shared of ['app', 'node_modules', 'package.json', 'package-lock.json']) {
      symlinkSync(join(root, shared), join(this.folder, shared))
    }
    mkdirSync(this.#programs)
    this.answer(rows)
  }

  /** From now on. */
  answer(rows: readonly Row[]): void {
    for (const name of ['gcloud', 'terraform', 'docker']) {
      const file = join(this.#programs, name)
      writeFileSync(file, programOf(name, rows))
      chmodSync(file, 0o755)
    }
  }

  run(
    script: string,
    { args = [], variables = {} }: { args?: string[]; variables?: Record<string, string> } = {},
  ): Ran {
    rmSync(join(this.#programs, 'calls'), { force: true })
    const path = [this.#programs, dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter)
    const { status, stdout, stderr } = spawnSync('sh', [script, ...args], {
      ...{ cwd: this.folder, encoding: 'utf8', timeout: 60_000 },
      env: { PATH: path, HOME: this.folder, TABLE: this.#programs, ...variables },
    })
    const calls = join(this.#programs, 'calls')
    return {
      ...{ exit: status, said: `${stdout}${stderr}` },
      calls: existsSync(calls) ? readFileSync(calls, 'utf8').trimEnd().split('\n') : [],
    }
  }

  read(file: string): string {
    return readFileSync(join(this.folder, file), 'utf8')
  }

  has(file: string): boolean {
    return existsSync(join(this.folder, file))
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.folder, file)), { recursive: true })
      writeFileSync(join(this.folder, file), text)
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** A program that writes down what it is asked, and answers with the first row that fits. Bash alone, to be quick. */
function programOf(name: string, rows: readonly Row[]): string {
  return [
    '#!/usr/bin/env bash',
    `line="${name} $*"`,
    'printf "%s\\n" "$line" >>"$TABLE/calls"',
    ...rows.map(branchOf),
    'echo "no row answers: $line" >&2',
    'exit 97',
  ].join('\n')
}

function branchOf({ asked, knows, learns, says = '', exit = 0, writes = {} }: Row): string {
  return [
    `asked=${quoted(asked)}`,
    `if [[ $line =~ $asked ]]${knows === undefined ? '' : ` && [[ -f $TABLE/fact-${knows} ]]`}; then`,
    ...(learns === undefined ? [] : [`: >"$TABLE/fact-${learns}"`]),
    ...Object.entries(writes).flatMap(([path, text]) => [
      `mkdir -p ${quoted(dirname(path))}`,
      `printf %s ${quoted(text)} >${quoted(path)}`,
    ]),
    `printf %s ${quoted(says)}`,
    `exit ${exit}`,
    'fi',
  ].join('\n')
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
