// `GET /`: what stands at this address, for whoever opens it in a browser.
import type { RouteOptions } from 'fastify'
import { type Html, html, sendPage } from '../http/page.ts'

/** One more part of the page; development mode adds its people, passwords and recipes. */
export interface LandingSection {
  readonly heading: string
  readonly body: Html
}

export interface LandingPageOptions {
  readonly publicUrl: string
  readonly sections?: readonly LandingSection[]
}

/** The route. */
export function landingPage({ publicUrl, sections = [] }: LandingPageOptions): RouteOptions {
  const body = landingBody(publicUrl, sections)
  return {
    method: 'GET',
    url: '/',
    config: { envelope: 'page', takesHead: true },
    handler: (_request, reply) => sendPage(reply, { title: 'Claude Code gateway', body }),
  }
}

/** The managed settings that send Claude Code's `/login` to the gateway at `publicUrl`. */
export function managedSettings(publicUrl: string): string {
  return JSON.stringify(
    {
      forceLoginMethod: 'gateway',
      forceLoginGatewayUrl: publicUrl,
      parentSettingsBehavior: 'merge',
    },
    null,
    2,
  )
}

function landingBody(publicUrl: string, sections: readonly LandingSection[]): Html {
  return html`
    <h1>Your company's gateway for Claude Code</h1>
    <p>Developers sign in here with their company account, and Claude Code reaches its models through this
      address. No API key lives on a laptop.</p>
    <dl class="facts">
      <div><dt>Gateway URL</dt><dd><code translate="no">${publicUrl}</code></dd></div>
      <div><dt>Wire contract</dt><dd><a href="${pathOf(publicUrl)}/protocol">protocol.md</a></dd></div>
    </dl>
    <h2>Sign in</h2>
    <ol>
      <li>Run <code>claude</code> in a terminal and type <code>/login</code>.</li>
      <li>Your browser opens. Compare the code with the one in the terminal, press Continue, and sign in.</li>
      <li>Go back to the terminal.</li>
    </ol>
    <p>If you have a code but no browser opened, <a href="${pathOf(publicUrl)}/device">enter the code here</a>.</p>
    <h2>Set up a machine</h2>
    <p>Claude Code offers this gateway once an administrator has placed these managed settings:</p>
    <pre><code translate="no">${managedSettings(publicUrl)}</code></pre>
    <dl class="facts">
      <div><dt>macOS</dt><dd><code translate="no">/Library/Application Support/ClaudeCode/managed-settings.json</code></dd></div>
      <div><dt>Linux, WSL</dt><dd><code translate="no">/etc/claude-code/managed-settings.json</code></dd></div>
      <div><dt>Windows</dt><dd><code translate="no">C:\\Program Files\\ClaudeCode\\managed-settings.json</code></dd></div>
    </dl>
    ${sections.map(({ heading, body }) => html`<h2>${heading}</h2>${body}`)}`
}

/** A path in `public_url` is the ingress's to strip, so links must carry it. */
function pathOf(publicUrl: string): string {
  return new URL(publicUrl).pathname.replace(/\/$/, '')
}
