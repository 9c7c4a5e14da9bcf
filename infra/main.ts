// Writes the Terraform JSON of one environment: GATEHOUSE_ENV=prod node infra/main.ts
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// The provider's classes are megabytes of source: compiled once, they load in half the time.
enableCompileCache()
const { synthesize } = await import('./synthesis.ts')
process.exitCode = synthesize(join(import.meta.dirname, 'environments'))
