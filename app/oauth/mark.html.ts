// The pictures of the two good ends; the heading under each says the same in words.
import { html } from '../http/page.ts'

/** Signed in. */
export const CHECK_MARK = html`<svg class="mark" viewBox="0 0 48 48" aria-hidden="true" fill="none"
stroke="currentColor" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"><circle cx="24" cy="24" r="21"/>
<path d="M15 24.5l6.5 6.5L34 18"/></svg>`

/** Stopped on request. */
export const STOP_MARK = html`<svg class="mark halted" viewBox="0 0 48 48" aria-hidden="true" fill="none"
stroke="currentColor" stroke-width="3" stroke-linejoin="round"><circle cx="24" cy="24" r="21"/>
<rect x="17" y="17" width="14" height="14" rx="1.5"/></svg>`
