import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** `@hono/node-server` is held at 1.14.1: with the version the package would take, streaming fails. */
const MANIFEST = {
  private: true,
  dependencies: { '@portkey-ai/gateway': '1.15.2' },
  overrides: { '@hono/node-server': '1.14.1' },
}

/** Installs the other gateway into a git-ignored folder, once, and answers the command that runs it. */
export function portkeyCommand(folder: string, port: number): string[] {
  const entry = join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js')
  if (!existsSync(entry)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), JSON.stringify(MANIFEST))
    execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: folder,
      stdio: 'ignore',
    })
  }
  return [process.execPath, entry, `--port=${port}`, '--headless']
}
