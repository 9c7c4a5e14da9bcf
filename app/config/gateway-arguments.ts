/** Which running gateway a command asks; what is null, the environment says. */
export interface GatewayArguments {
  readonly url: string | null
  readonly keyFile: string | null
}

/** The options of every command that asks a running gateway. The key itself is no option: arguments are seen by others. */
export const GATEWAY_OPTIONS: Readonly<Record<string, string>> = {
  '--url': 'an origin',
  '--key-file': 'a file',
}

export function gatewayOf(values: ReadonlyMap<string, string>): GatewayArguments {
  return { url: values.get('--url') ?? null, keyFile: values.get('--key-file') ?? null }
}
