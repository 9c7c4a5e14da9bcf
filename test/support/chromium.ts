// A real browser for the tests of pages: Debian's Chromium, or the one that PLAYWRIGHT_CHROMIUM names.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright-core'

const DEBIAN = '/usr/bin/chromium'

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export interface BrowserManners {
  readonly colorScheme?: 'light' | 'dark'
  readonly width?: number
  readonly height?: number
  /** Default false: the pages promise to be complete without. */
  readonly javaScriptEnabled?: boolean
}

export interface TestBrowser extends AsyncDisposable {
  readonly context: BrowserContext
}

/** Opens a fresh browser with an empty profile; closed, and the profile removed, at the end of the scope. */
export async function openBrowser(manners: BrowserManners = {}): Promise<TestBrowser> {
  const profile = mkdtempSync(join(tmpdir(), 'gatehouse-chromium-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: findChromium(),
    args: ARGUMENTS,
    ignoreDefaultArgs: ['--enable-automation'],
    chromiumSandbox: false,
    colorScheme: manners.colorScheme ?? 'light',
    javaScriptEnabled: manners.javaScriptEnabled ?? false,
    viewport: { width: manners.width ?? 1024, height: manners.height ?? 768 },
  })
  return {
    context,
    async [Symbol.asyncDispose]() {
      await context.close()
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** The browser's path; installs Debian's package when it is missing and we may. */
function findChromium(): string {
  const named = process.env['PLAYWRIGHT_CHROMIUM']
  if (named) return named
  if (existsSync(DEBIAN)) return DEBIAN
  if (process.getuid?.() !== 0) {
    throw new Error(
      'Chromium is missing: run `apt-get install chromium`, or set PLAYWRIGHT_CHROMIUM to its path',
    )
  }
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  execFileSync('apt-get', ['update', '-q'], { env: environment, stdio: 'ignore' })
  execFileSync('apt-get', ['install', '-q', '-y', '--no-install-recommends', 'chromium'], {
    env: environment,
    stdio: 'ignore',
  })
  return DEBIAN
}
