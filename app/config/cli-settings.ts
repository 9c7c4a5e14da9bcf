// The top-level keys of Claude Code's settings and their coarse shapes: a table of our own, made from the
// public documentation of Claude Code's settings up to version 2.1.296. Nothing below is checked deeper than
// `settingsFindings` does; everything else inside a block is the client's to judge.
import { nearest } from './nearest.ts'
import type { Finding, Path } from './problems.ts'
import { scalar, Unfit } from './scalar.ts'

/** A value that JSON can carry. */
export type Json = string | number | boolean | readonly Json[] | JsonObject

/** An object that JSON can carry. */
export interface JsonObject {
  readonly [key: string]: Json
}

type Shape = 'boolean' | 'string' | 'number' | 'strings' | 'objects' | 'text map' | 'object'

const KEYS: Readonly<Record<Shape, readonly string[]>> = {
  boolean: words(`
    agentPushNotifEnabled allowAllClaudeAiMcps allowManagedHooksOnly allowManagedMcpServersOnly
    allowManagedPermissionRulesOnly alwaysThinkingEnabled autoCompactEnabled autoMemoryEnabled
    autoScrollEnabled awaySummaryEnabled axScreenReader channelsEnabled disableAgentView disableAllHooks
    disableArtifact disableBrowserExternalNavigation disableBundledSkills disableClaudeAiConnectors
    disableCommandPluginSources disableDesktopLocalSessions disableMobileSimulatorTools
    disableRemoteControl disableSideloadFlags disableSkillShellExecution disableWorkflows
    emojiCompletionEnabled enableAllProjectMcpServers enableArtifact enableWorkflows
    enforceAvailableModels fastMode fastModePerSessionOptIn fileCheckpointingEnabled
    forceRemoteSettingsRefresh includeCoAuthoredBy includeGitInstructions inputNeededNotifEnabled
    isolatePeerMachines prefersReducedMotion promptSuggestionEnabled remoteControlAtStartup
    respectGitignore respondToBashCommands showClearContextOnPlanAccept showThinkingSummaries
    showTurnDuration skipAutoPermissionPrompt skipDangerousModePermissionPrompt skipWebFetchPreflight
    spinnerTipsEnabled switchModelsOnFlag syncClaudeAiSkills syntaxHighlightingDisabled
    terminalProgressBarEnabled terminalTitleFromRename ultracode useAutoModeDuringPlan verbose
    voiceEnabled wheelScrollAccelerationEnabled workflowKeywordTriggerEnabled wslInheritsWindowsSettings`),
  string: words(`
    advisorModel agent apiKeyHelper askUserQuestionTimeout attributionProject autoMemoryDirectory
    autoUpdatesChannel awsAuthRefresh awsCredentialExport browserExternalPageTools claudeMd
    crossSessionInbound defaultShell dialogExpiry disableAutoMode disableDeepLinkRegistration editorMode
    effortLevel forceLoginGatewayUrl forceLoginMethod gcpAuthRefresh keybindingFlavor language
    managedSourcesBehavior minimumVersion model otelHeadersHelper outputStyle parentSettingsBehavior
    plansDirectory pluginTrustMessage prUrlTemplate preferredNotifChannel processWrapper promptCacheTtl
    requiredMaximumVersion requiredMinimumVersion subagentPromptCacheTtl teammateMode theme timeFormat
    timeZone tui viewMode workflowSizeGuideline`),
  number: words(`
    autoCompactWindow bashOutputMaxChars cleanupPeriodDays desktopSessionCleanupPeriodDays
    feedbackSurveyRate maxProseWidth skillListingBudgetFraction skillListingMaxDescChars
    taskOutputMaxChars`),
  strings: words(`
    allowedHttpHookUrls allowedProviders availableModels claudeMdExcludes companyAnnouncements
    deniedModels disabledMcpjsonServers enabledMcpjsonServers fallbackModel gatewayInternalNetworks
    httpHookAllowedEnvVars pluginSuggestionMarketplaces sshHostAllowlist`),
  objects: words(`
    allowedChannelPlugins allowedMcpServers blockedMarketplaces deniedMcpServers footerLinksRegexes
    sshConfigs strictKnownMarketplaces`),
  'text map': words(`
    env modelOverrides vimInsertModeRemaps`),
  object: words(`
    attribution autoMode enabledPlugins extraKnownMarketplaces fileSuggestion hooks managedMcpServers
    modelPicker modelPricing modelSettings permissions pluginConfigs policyHelper remote sandbox
    skillOverrides spellcheck spinnerTipsOverride spinnerVerbs statusLine subagentStatusLine voice
    worktree`),
}

/** Keys with a shape of their own: what they need in words, and the test for it. */
const SPECIAL: Readonly<Record<string, { needs: string; fits: (value: unknown) => boolean }>> = {
  attribution: { needs: 'a mapping or false', fits: value => value === false || isObject(value) },
  autoContinueAtUsageLimit: { needs: 'a value', fits: () => true },
  feedbackDrafts: { needs: 'a value', fits: () => true },
  availableModelsMatch: {
    needs: '"prefix" or "exact"',
    fits: value => value === 'prefix' || value === 'exact',
  },
  forceLoginOrgUUID: {
    needs: 'a text or a list of texts',
    fits: value => typeof value === 'string' || isTexts(value),
  },
  strictPluginOnlyCustomization: {
    needs: 'true or a list',
    fits: value => value === true || Array.isArray(value),
  },
}

const SHAPES: Readonly<Record<Shape, { needs: string; fits: (value: unknown) => boolean }>> = {
  boolean: { needs: 'true or false', fits: value => typeof value === 'boolean' },
  string: { needs: 'a text', fits: value => typeof value === 'string' },
  number: { needs: 'a number', fits: value => typeof value === 'number' },
  strings: { needs: 'a list of texts', fits: isTexts },
  objects: { needs: 'a list of mappings', fits: value => Array.isArray(value) && value.every(isObject) },
  'text map': { needs: 'a mapping from names to texts', fits: isTextMap },
  object: { needs: 'a mapping', fits: isObject },
}

/** Parts that are checked one level deeper than their key. */
const DEEPER: readonly (readonly [
  path: readonly string[],
  needs: string,
  fits: (value: unknown) => boolean,
])[] = [
  [['permissions', 'allow'], 'a list of texts', isTexts],
  [['permissions', 'ask'], 'a list of texts', isTexts],
  [['permissions', 'deny'], 'a list of texts', isTexts],
  [['permissions', 'additionalDirectories'], 'a list of texts', isTexts],
  [['permissions', 'disableBypassPermissionsMode'], '"disable"', value => value === 'disable'],
  [['sandbox', 'network', 'allowedDomains'], 'a list of texts', isTexts],
  [['sandbox', 'network', 'deniedDomains'], 'a list of texts', isTexts],
]

/** Every known top-level key with its shape. */
const SHAPE_OF = new Map(
  Object.entries(KEYS).flatMap(([shape, keys]) => keys.map(key => [key, SHAPES[shape as Shape]] as const)), // entries of a Record<Shape>
)
for (const [key, shape] of Object.entries(SPECIAL)) SHAPE_OF.set(key, shape)

/** A policy's settings block; its keys are judged by `settingsFindings`. */
export const CliSettings = scalar<JsonObject>(input => (isObject(input) ? input : new Unfit('a mapping')))

/**
 * Answers what is wrong with the settings block at `path`.
 *
 * `allowUnknown` is `gatehouse.allow_unknown_settings`: true, or the names that are let through.
 */
export function settingsFindings(
  block: unknown,
  path: Path,
  allowUnknown: boolean | readonly string[],
): Finding[] {
  if (!isObject(block)) return []
  const findings: Finding[] = []
  for (const [key, value] of Object.entries(block)) {
    const at = [...path, key]
    const shape = SHAPE_OF.get(key)
    if (key === 'mcpServers') {
      findings.push({
        path: at,
        at: 'key',
        text: 'is not served to clients.',
        fix: 'write managedMcpServers (http and sse only).',
      })
    } else if (shape === undefined) {
      const isAllowed = allowUnknown === true || (allowUnknown !== false && allowUnknown.includes(key))
      if (!isAllowed) findings.push(unknownSetting(key, at))
    } else if (!shape.fits(value)) {
      findings.push({ path: at, needs: shape.needs })
    }
  }
  return [...findings, ...deeperFindings(block, path), ...managedServerFindings(block, path)]
}

/** Answers the settings at `path` that the table does not know, for `gatehouse.allow_unknown_settings: true`. */
export function servedUnknown(block: unknown, path: Path): Finding[] {
  if (!isObject(block)) return []
  const unknown = Object.keys(block).filter(key => key !== 'mcpServers' && !SHAPE_OF.has(key))
  const fix = 'to keep other typing errors visible, allow this name alone.'
  return unknown.map(key => {
    const text = `unknown setting of Claude Code, served as written.${hint(key)}`
    return { path: [...path, key], at: 'key', text, fix }
  })
}

function unknownSetting(key: string, path: Path): Finding {
  const fix = 'for a setting newer than this table, list its name in gatehouse.allow_unknown_settings.'
  return { path, at: 'key', text: `unknown setting of Claude Code.${hint(key)}`, fix }
}

function hint(key: string): string {
  const near = nearest(key, [...SHAPE_OF.keys()], key.length < 6 ? 1 : 2)
  return near === null ? '' : ` Did you mean ${near}?`
}

function deeperFindings(block: Record<string, unknown>, path: Path): Finding[] {
  const findings: Finding[] = []
  for (const [keys, needs, fits] of DEEPER) {
    const value = keys.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), block)
    if (value !== undefined && !fits(value)) findings.push({ path: [...path, ...keys], needs })
  }
  for (const [event, hooks] of Object.entries(isObject(block['hooks']) ? block['hooks'] : {})) {
    if (!(Array.isArray(hooks) && hooks.every(isObject))) {
      findings.push({ path: [...path, 'hooks', event], needs: 'a list of mappings' })
    }
  }
  for (const key of Object.keys(isObject(block['modelPricing']) ? block['modelPricing'] : {})) {
    if (key !== 'multiplier' && key !== 'overrides') {
      findings.push({
        path: [...path, 'modelPricing', key],
        at: 'key',
        text: 'unknown key; multiplier and overrides are known.',
      })
    }
  }
  return findings
}

/** Servers that a policy hands out are reached over the network: a local command is refused. */
function managedServerFindings(block: Record<string, unknown>, path: Path): Finding[] {
  const findings: Finding[] = []
  for (const [name, server] of Object.entries(
    isObject(block['managedMcpServers']) ? block['managedMcpServers'] : {},
  )) {
    const at = [...path, 'managedMcpServers', name]
    const helper = isObject(server) ? server['envHelper'] : undefined
    if (typeof helper === 'string' && /^(\\\\\?\?\\|\/\?\?\/)/.test(helper)) {
      const fix = 'write an ordinary path.'
      findings.push({ path: [...at, 'envHelper'], text: 'is a device path.', fix })
    }
    const isRemote = isObject(server) && (server['type'] === 'http' || server['type'] === 'sse')
    if (!isRemote || server['command'] !== undefined) {
      const text = 'needs type http or sse, and no command.'
      findings.push({ path: at, text, fix: 'serve it over HTTP and give its url.' })
    } else if (typeof server['url'] !== 'string' || server['url'] === '') {
      findings.push({ path: at, text: 'needs a url.', fix: 'give the address that serves it.' })
    }
  }
  return findings
}

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/)
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}

function isTextMap(value: unknown): boolean {
  return isObject(value) && Object.values(value).every(item => typeof item === 'string')
}
