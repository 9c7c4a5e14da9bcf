// A sign-in that went to the loopback identity provider and is about to come back.
import type { Pool } from 'pg'
import { askForCodes, cookieOf, type DeviceCodes, press } from './device-browser.ts'
import { openRig, type RigOptions, type SignInRig } from './idp-sign-in.ts'
import { createDatabase } from './postgres.ts'
import { sessionRoutes } from './session-routes.ts'
import { approveAtIdp } from './sign-in.ts'
import {
  type Answer,
  type SignInGateway,
  type SignInGatewayOptions,
  startSignInGateway,
} from './sign-in-gateway.ts'

export interface TripRig extends AsyncDisposable {
  readonly pool: Pool
  readonly rig: SignInRig
  readonly gateway: SignInGateway
  /** A terminal asks, its owner presses Continue and signs in; the callback is not opened yet. */
  setOut(): Promise<Trip>
  /** The stored status of every grant, in order of creation. */
  statuses(): Promise<readonly string[]>
  /** What the audit log says since the trip set out, without request ids. */
  verdicts(): readonly object[]
}

export interface Trip {
  readonly codes: DeviceCodes
  readonly cookie: string
  readonly callback: URL
}

export interface TripOptions extends RigOptions {
  readonly gateway?: Partial<SignInGatewayOptions>
  /** Serves the token endpoint and what is behind it as well. */
  readonly withSessions?: boolean
}

/** Opens a gateway with a database of its own and the loopback identity provider. */
export async function openTrips({
  gateway: options,
  withSessions = false,
  ...rigOptions
}: TripOptions = {}): Promise<TripRig> {
  const database = await createDatabase()
  const rig = await openRig(rigOptions)
  const { pool } = database
  const { signIn } = rig
  const routes = withSessions ? { routes: await sessionRoutes({ pool, signIn }) } : {}
  const gateway = await startSignInGateway({ pool, signIn, ...routes, ...options })
  return {
    ...{ pool, rig, gateway },
    async setOut() {
      const codes = await askForCodes(gateway)
      const away = await press(gateway, { userCode: codes.user_code })
      const callback = new URL(await approveAtIdp(away.headers.location ?? ''))
      return { codes, cookie: cookieOf(away), callback }
    },
    async statuses() {
      const { rows } = await pool.query('select status from device_grants order by created_at')
      return rows.map(({ status }) => status)
    },
    verdicts: () =>
      gateway.events
        .filter(({ evt }) => evt === 'device.callback' || evt === 'session.mint')
        .map(event => ({ ...event, request_id: '' })),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await rig[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

/** Opens a trip's callback, in the browser that set out unless `cookie` says otherwise. */
export function comeBack(
  gateway: SignInGateway,
  trip: Trip,
  cookie: string | null = trip.cookie,
): Promise<Answer> {
  const { pathname, search } = trip.callback
  return gateway.ask(`${pathname}${search}`, { headers: cookie === null ? {} : { cookie } })
}
