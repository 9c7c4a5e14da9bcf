// The driver's own SCRAM, which it does not type.
declare module 'pg/lib/crypto/sasl.js' {
  interface Session {
    readonly mechanism: string
    response: string
  }
  export function startSession(mechanisms: readonly string[]): Session
  export function continueSession(session: Session, password: string, serverData: string): Promise<void>
}
