// Who administers spend, and what happens when spend cannot be read.
import type { z } from 'zod'
import { choice, closed, entry, flag, list, matching, plainText, text, Unfit, whole } from './scalar.ts'

// A key travels in a header, where spaces at its ends are lost and longer ones are refused unread (H-44).
const FITS_HEADER = /^[!-~]([ -~]{0,510}[!-~])?$/

const AdminKey = closed({
  id: text(),
  key: text(value => {
    const fix = 'generate one with `openssl rand -base64 32`.'
    if (value.length < 32) return new Unfit('at least 32', fix)
    return FITS_HEADER.test(value) ? undefined : new Unfit('at most 512 printable ASCII characters', fix)
  }),
})

/** Who may read and set spend limits, and how long records are kept. */
export const AdminSection = closed({
  write_keys: list(AdminKey).default([]),
  read_keys: list(AdminKey).default([]),
  admin_groups: list(entry('an empty group would match nobody.')).default([]),
  /** Shown to a developer who reached a limit. */
  blocked_message: plainText(1000).optional(),
  audit_retention_days: whole(1).default(365),
  spend_retention_months: whole(1).default(13),
  identity_retention_days: whole(1).default(90),
  /** Which limit holds for a member of several limited groups. */
  group_limit_mode: choice(['min', 'max']).default('min'),
  billing_group_tag: matching(
    /^[A-Za-z0-9_.-]{1,64}$/,
    '1 to 64 letters, digits, `_`, `.` or `-`',
  ).optional(),
})

/** `admin`, defaults filled in. */
export type AdminConfig = z.infer<typeof AdminSection>

/** What happens when spend cannot be read. */
export const EnforcementSection = closed({
  fail_closed_on_error: flag().default(false),
})

/** `enforcement`, defaults filled in. */
export type EnforcementConfig = z.infer<typeof EnforcementSection>
