// The part of oidc-provider's interface that development mode uses; the package carries no types of its own.
declare module 'oidc-provider/lib/provider.js' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  export interface Context {
    readonly oidc: {
      readonly client: { readonly clientId: string }
      readonly session: { readonly accountId: string; grantIdFor(clientId: string): string | undefined }
      readonly params: { readonly scope?: string }
      readonly result?: { readonly login?: unknown; readonly consent?: { readonly grantId?: string } }
    }
    body: unknown
    type: string
  }

  export interface Interaction {
    readonly uid: string
    readonly prompt: { readonly name: string }
  }

  interface Grant {
    addOIDCScope(scope: string): void
    save(): Promise<string>
  }

  export class Provider {
    constructor(issuer: string, configuration: object)
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>
    interactionFinished(request: IncomingMessage, response: ServerResponse, result: object): Promise<void>
    readonly Grant: {
      new (facts: { clientId: string; accountId: string }): Grant
      find(id: string): Promise<Grant | undefined>
    }
  }
}

declare module 'oidc-provider/lib/helpers/interaction_policy/index.js' {
  import type { Context } from 'oidc-provider/lib/provider.js'

  export class Check {
    constructor(reason: string, description: string, check: (context: Context) => boolean)
  }
  export function base(): { get(name: string): { readonly checks: { add(check: Check): void } } }
}
