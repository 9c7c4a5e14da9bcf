import { createHash } from 'node:crypto'

// Text has at least 4.5:1 against its ground in both schemes, borders of fields and buttons 3:1; nothing is
// wider than 320 px, so 400 % zoom needs no sideways scrolling; a test measures it in a browser.
/** The look of every page: one sheet, inlined, so that a page needs no second request. */
export const STYLESHEET = `
:root { color-scheme: light dark; --ink: #1f1d1a; --soft: #5d574d; --ground: #f3efe7; --card: #fffdf9;
  --line: #ddd5c7; --edge: #857d6f; --sunk: #f6f2ea; --accent: #1d5a4c; --on-accent: #fff; --hover: #164439;
  --alert: #8f1d17; --alert-ground: #fcecea; --care: #6b4a00; --care-ground: #fbf1da;
  --shadow: 0 1px 2px #0000000d, 0 12px 32px -12px #00000026 }
@media (prefers-color-scheme: dark) { :root { --ink: #f1ece2; --soft: #b9b1a3; --ground: #151411;
  --card: #1f1d19; --line: #3a362e; --edge: #8d8577; --sunk: #171612; --accent: #93d2be; --on-accent: #0d2a22;
  --hover: #b3e2d3; --alert: #ffb4ab; --alert-ground: #3a1613; --care: #f2cf80; --care-ground: #33290f;
  --shadow: none } }
* { box-sizing: border-box }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100% }
body { margin: 0; min-height: 100vh; min-height: 100dvh; padding: clamp(.75rem, 4vh, 3.5rem) .75rem;
  display: flex; flex-direction: column; align-items: center; background: var(--ground); color: var(--ink);
  font: 1.0625rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif }
body > header { width: 100%; max-width: 34rem; margin: 0 0 1rem; padding: 0 .25rem; display: flex; gap: .5rem;
  align-items: center; color: var(--soft); font-weight: 600; letter-spacing: .01em }
body > header svg { width: 1.375rem; height: 1.375rem; color: var(--accent); flex: none }
main { width: 100%; max-width: 34rem; padding: clamp(1.25rem, 5vw, 2.5rem); background: var(--card);
  border: 1px solid var(--line); border-radius: 1rem; box-shadow: var(--shadow); overflow-wrap: anywhere }
main > :last-child { margin-bottom: 0 }
h1 { margin: 0 0 .75rem; font-size: clamp(1.375rem, 5.5vw, 1.75rem); line-height: 1.2; letter-spacing: -.015em;
  text-wrap: balance }
h2 { margin: 2.25rem 0 .5rem; font-size: 1.125rem; line-height: 1.3 }
p, ul, ol, dl, pre, form, table { margin: 0 0 1.125rem }
body:has(pre) > header, body:has(pre) > main { max-width: 44rem }
ul, ol { padding-left: 1.375rem }
li { margin: .25rem 0 }
a { color: var(--accent); text-underline-offset: .15em }
a:hover { text-decoration-thickness: .125em }
label { display: block; margin-bottom: .375rem; font-weight: 600 }
input { width: 100%; min-height: 3rem; margin-bottom: 1.125rem; padding: .5rem .875rem; color: inherit; font: inherit;
  background: var(--sunk); border: 2px solid var(--edge); border-radius: .625rem }
#user_code { min-height: 3.5rem; margin: 0; letter-spacing: .08em; text-transform: uppercase;
  font: 600 clamp(1.25rem, 7vw, 1.75rem)/1.2 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace }
input[aria-invalid=true] { border-color: var(--alert) }
.hint { margin: .375rem 0 1.25rem; color: var(--soft); font-size: .9375rem }
.actions { display: flex; flex-wrap: wrap; gap: .75rem }
button { flex: 1 1 9rem; min-height: 3rem; padding: .625rem 1.5rem; font: inherit; font-weight: 600;
  cursor: pointer; border-radius: .625rem; border: 2px solid var(--accent); background: var(--accent);
  color: var(--on-accent) }
button:hover { background: var(--hover); border-color: var(--hover) }
button.quiet { background: transparent; border-color: var(--edge); color: var(--ink) }
button.quiet:hover { background: var(--sunk); border-color: var(--ink) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; border-radius: .25rem }
button:focus-visible, input:focus-visible { border-radius: .625rem }
.code { margin: 0 0 1.25rem; padding: 1rem .5rem; text-align: center; white-space: nowrap; user-select: all;
  font: 700 clamp(1.75rem, 10vw, 2.75rem)/1.1 ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace;
  letter-spacing: .06em; background: var(--sunk); border: 1px solid var(--line); border-radius: .75rem }
.facts { margin-bottom: 1.25rem; border-top: 1px solid var(--line) }
.facts > div { display: flex; flex-wrap: wrap; gap: 0 1rem; padding: .5rem .125rem;
  border-bottom: 1px solid var(--line) }
dt { flex: 0 0 5.5rem; color: var(--soft) }
dd { flex: 1 1 9rem; min-width: 0; margin: 0 }
@media (min-width: 34rem) { dt { flex-basis: 7.5rem } }
.alert, .warning, .notice { margin: 0 0 1.125rem; padding: .75rem 1rem; border-radius: .625rem; border-left: .25rem solid }
.alert { color: var(--alert); background: var(--alert-ground) }
.alert a { color: inherit }
.alert > * { margin: 0 0 .5rem }
.alert > :last-child { margin: 0 }
.warning { color: var(--care); background: var(--care-ground) }
.warning strong { display: block }
.notice { background: var(--sunk); border-color: var(--edge); white-space: pre-line }
.mark { display: block; width: 3rem; height: 3rem; margin: 0 0 1rem; color: var(--accent) }
.mark.halted { color: var(--soft) }
.soft, .aside, .reference, footer { color: var(--soft); font-size: .9375rem }
.aside { padding-top: 1rem; border-top: 1px solid var(--line) }
pre { padding: .875rem 1rem; overflow-x: auto; overflow-wrap: normal; background: var(--sunk); border: 1px solid var(--line);
  border-radius: .625rem; font-size: .875rem; line-height: 1.5 }
code, pre { font-family: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace }
code { font-size: .9em }
pre code { font-size: inherit }
pre:focus-visible, .wide:focus-visible { outline-offset: 0 }
.wide { margin: 0 0 1.125rem; overflow-x: auto }
.wide table { width: 100%; margin: 0; border-collapse: collapse; overflow-wrap: normal }
th, td { padding: .5rem 1rem .5rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line) }
th { color: var(--soft); font-weight: 400 }
td:last-child, th:last-child { padding-right: 0 }
`

/** The digest by which a page's CSP allows this sheet and no other style. */
export const STYLESHEET_HASH = `sha256-${createHash('sha256').update(STYLESHEET).digest('base64')}`
