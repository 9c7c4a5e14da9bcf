import type { z } from 'zod'
import { addressList } from './address-list.ts'
import { absolutePath, closed, text, whole } from './scalar.ts'
import { baseUrl } from './url.ts'

/** Where the gateway listens, and under which name the outside knows it. */
export const ListenSection = closed({
  host: text().default('0.0.0.0'),
  /** 0 = any free port. The default is `PORT`, else 8080. */
  port: whole(0, 65_535).optional(),
  /** Required unless `host` is loopback; never taken from request headers. */
  public_url: baseUrl().optional(),
  /** Both or none. */
  tls: closed({ cert: absolutePath(), key: absolutePath() }).optional(),
  /** Peers whose X-Forwarded-For is believed; nobody by default. */
  trusted_proxies: addressList().default([]),
})

/** `listen` with its defaults; `public_url` has no trailing slash. With port 0 it names port 0. */
export interface ListenConfig extends z.infer<typeof ListenSection> {
  port: number
  public_url: string
}
