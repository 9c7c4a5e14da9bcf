// What a receiver is told: no prompt, no address and no name of a person; a subject or a group, and amounts.
import { printable } from '../lib/printable.ts'
import type { Alert, AlertSubject } from './alert.ts'
import { centsText, dollarsText, ofCents, percentText } from './money.ts'

/** The body of a webhook. The same alert has the same body, whenever it is sent. */
export function alertBody(alert: Alert, raisedAt: Date, format: 'json' | 'slack'): string {
  return JSON.stringify(format === 'slack' ? { text: slackText(alert) } : document(alert, raisedAt))
}

/** Amounts are strings of cents, as in the Admin API. */
function document({ id, subject, period, periodKey, share, capCents, spent }: Alert, raisedAt: Date) {
  return {
    type: 'spend.threshold',
    id,
    created_at: raisedAt.toISOString(),
    scope: scopeOf(subject),
    period,
    period_key: periodKey,
    fraction: share,
    amount: capCents.toString(),
    currency: 'USD',
    period_to_date_spend: centsText(spent),
  }
}

function scopeOf(subject: AlertSubject) {
  return subject.kind === 'user'
    ? { type: 'user', user_id: subject.sub }
    : { type: 'pooled_budget', rbac_group_id: subject.group }
}

const CAPS = { daily: 'daily cap', weekly: 'weekly cap', monthly: 'monthly cap' }

/** One line of Slack's mrkdwn. */
function slackText({ subject, period, periodKey, share, capCents, spent }: Alert): string {
  const who = subject.kind === 'user' ? `Developer ${shown(subject.sub)}` : `Group ${shown(subject.group)}`
  const what = subject.kind === 'user' ? `the ${CAPS[period]}` : 'the shared monthly budget'
  const cap = dollarsText(ofCents(capCents))
  return `*${percentText(share)} of ${what} reached.* ${who} spent ${dollarsText(spent)} of ${cap} in ${periodKey}.`
}

const MAX_CHARACTERS = 256

/** A name on one line, with what begins a link, a mention or an entity escaped, as Slack's manual asks for. */
function shown(name: string): string {
  return printable(name, MAX_CHARACTERS)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
}
