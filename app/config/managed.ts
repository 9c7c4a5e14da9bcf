import type { z } from 'zod'
import { CliSettings } from './cli-settings.ts'
import { DesktopOverlay } from './desktop-overlay.ts'
import { emailDomain } from './oidc.ts'
import { closed, entry, flag, list } from './scalar.ts'

/** Whom a policy is for: `{}` means everybody, both matchers mean both must hold. */
const Match = closed({
  groups: list(
    entry('an empty group would match nobody.'),
    'an empty list would match nobody: write `match: {}` for everybody.',
  ).optional(),
  email_domain: emailDomain().optional(),
})

const PolicySection = closed({
  match: Match,
  /** Claude Code's settings; `cli` and `settings` are its older names. */
  code: CliSettings.optional(),
  cli: CliSettings.optional(),
  settings: CliSettings.optional(),
  /** Claude Desktop's keys; `{}` opts in. */
  desktop: DesktopOverlay.optional(),
  serve_to_desktop: flag().optional(),
})

/** Who gets which settings and models; the first policy that matches is taken. */
export const ManagedSection = closed({ policies: list(PolicySection) })

/** `managed` with its defaults. */
export type ManagedConfig = z.infer<typeof ManagedSection>
export type PolicyConfig = z.infer<typeof PolicySection>

/** Any JSON object; what stands inside is the client's. */
export type JsonObject = z.infer<typeof CliSettings>
