// The keys of a policy's `desktop` block: a table of our own, made from the public documentation of
// Claude Desktop's managed configuration (up to the client of 2.1.330).
import type { JsonObject } from './cli-settings.ts'
import { nearest } from './nearest.ts'
import type { Finding, Path } from './problems.ts'
import { scalar, Unfit } from './scalar.ts'

interface Shape {
  needs: string
  fits: (value: unknown) => boolean
}

const FLAG: Shape = { needs: 'true or false', fits: value => typeof value === 'boolean' }
const NAMES: Shape = { needs: 'a list of texts that are not empty', fits: isNames }
const HOURS: Shape = {
  needs: 'a number of at least 0',
  fits: value => typeof value === 'number' && !(value < 0),
}
const ANY: Shape = { needs: 'a value that is not empty', fits: value => !isEmpty(value) }

/** Every known key. */
const SHAPE_OF = new Map<string, Shape>(
  Object.entries({
    allowUserAddedMcpServers: ANY,
    banner: { needs: 'a mapping with a text', fits: isBanner },
    blockReadsOutsideWorkingDirectories: ANY,
    builtinBrowserEnabled: FLAG,
    // Merged tool by tool: another shape would replace what the base restricts.
    builtinToolPolicy: { needs: 'a mapping from tools to texts', fits: isTextMap },
    chatAdvancedFileAnalysisEnabled: FLAG,
    chatTabEnabled: FLAG,
    configRecheckIntervalMinutes: HOURS,
    coworkEgressAllowedHosts: NAMES,
    coworkTabEnabled: FLAG,
    coworkWebSearchEnabled: FLAG,
    disableAutoUpdates: FLAG,
    disableBypassPermissionsMode: ANY,
    disableDeploymentModeChooser: FLAG,
    disableNonessentialTelemetry: FLAG,
    disabledBuiltinTools: NAMES,
    isClaudeCodeForDesktopEnabled: FLAG,
    isLocalDevMcpEnabled: FLAG,
    managedMcpServers: { needs: 'a list', fits: value => Array.isArray(value) && value.length > 0 },
    microsoftAuthBroker: ANY,
    modelPrefer1mContext: ANY,
    orgPluginSettings: ANY,
    relaunchEnforcementHours: HOURS,
    skillCreationEnabled: FLAG,
    sshClientPath: ANY,
    userPluginMarketplacesEnabled: FLAG,
    userPluginUploadsEnabled: FLAG,
  }),
)

/** Keys that only the machine's own configuration can carry. */
const LOCAL_KEYS = new Set(['bootstrapUrl', 'bootstrapOidc', 'bootstrapEnabled'])

/** A policy's desktop block; its keys are judged by `desktopFindings`. */
export const DesktopOverlay = scalar<JsonObject>(input => (isObject(input) ? input : new Unfit('a mapping')))

/** Answers what is wrong with the desktop block at `path`. */
export function desktopFindings(block: unknown, path: Path): Finding[] {
  return entriesOf(block).flatMap(([key, value]): Finding[] => {
    const at = [...path, key]
    if (LOCAL_KEYS.has(key)) {
      return [{ path: at, at: 'key', text: 'lives on the machine.', fix: 'set it by MDM.' }]
    }
    if (/^(inference|otlp)/.test(key) || key === 'expiresAt') {
      return [
        {
          path: at,
          at: 'key',
          text: 'is set by the gateway.',
          fix: 'configure upstreams, models or telemetry instead.',
        },
      ]
    }
    const shape = SHAPE_OF.get(key) ?? ANY
    return shape.fits(value) ? [] : [{ path: at, needs: shape.needs }]
  })
}

/** Answers the unknown keys of the desktop block at `path`: they are served as written, with a warning. */
export function desktopWarnings(block: unknown, path: Path): Finding[] {
  return entriesOf(block)
    .filter(([key]) => !SHAPE_OF.has(key))
    .map(([key]): Finding => {
      const near = nearest(key, [...SHAPE_OF.keys()])
      const hint = near === null ? '' : ` Did you mean ${near}?`
      return {
        path: [...path, key],
        at: 'key',
        text: `unknown key of Claude Desktop, served as written.${hint}`,
      }
    })
}

function entriesOf(block: unknown): [string, unknown][] {
  return isObject(block) ? Object.entries(block) : []
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isNames(value: unknown): boolean {
  return (
    Array.isArray(value) && value.length > 0 && value.every(item => typeof item === 'string' && item !== '')
  )
}

function isTextMap(value: unknown): boolean {
  return isObject(value) && Object.values(value).every(item => typeof item === 'string')
}

function isBanner(value: unknown): boolean {
  return isObject(value) && typeof value['text'] === 'string' && value['text'] !== ''
}

function isEmpty(value: unknown): boolean {
  return value === '' || (Array.isArray(value) && value.length === 0)
}
