// `gatehouse doctor` as an operator or the job of the stack runs it: a process, its report and its exit code.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readDoctorArguments } from '../../app/config/doctor-arguments.ts'
import { gatewayConfig } from '../support/gateway.ts'
import { startHttp } from '../support/http-server.ts'
import { startIdp } from '../support/idp.ts'
import { createDatabase } from '../support/postgres.ts'

const main = join(import.meta.dirname, '../../app/main.ts')

function doctor(
  t: TestContext,
  text: string,
  ...words: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-doctor-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'gateway.yaml')
  writeFileSync(path, text)
  const env = {
    PATH: process.env['PATH'],
    CLAUDE_GATEWAY_ALLOW_LOOPBACK: '1',
    CLOUD_RUN_JOB: 'gatehouse-doctor',
  }
  return new Promise(resolve =>
    execFile(
      process.execPath,
      [main, 'doctor', '--config', path, ...words],
      { env },
      (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    ),
  )
}

test('a well environment ends with 0 and one event per check; a sick one with 1, and says what to do', async t => {
  await using database = await createDatabase()
  await using idp = await startIdp({ redirectUri: 'http://127.0.0.1:8099/oauth/callback' })
  const health = await startHttp((_request, response) => void response.end())
  t.after(() => health.stop())
  const settings = {
    port: 8099,
    issuer: idp.issuer,
    databaseUrl: database.tcpUrl,
    upstreamUrls: [health.origin],
  }
  const only = ['--only', 'postgres,idp,secrets,egress,clock,front-door', '--url', health.origin]

  const well = await doctor(t, gatewayConfig(settings), ...only)
  const sick = await doctor(
    t,
    gatewayConfig({ ...settings, databaseUrl: 'postgres://u:p@127.0.0.1:9/d' }),
    ...only,
    '--json',
  )

  assert.deepEqual([well.code, sick.code], [0, 1], well.stdout)
  assert.match(well.stdout, /^ok {4}front-door {7}http:\S+\/health answers 200$/m)
  assert.match(well.stdout, /\n6 ok, 0 warnings, 0 failed, 0 skipped\n$/)
  const events = well.stderr
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.deepEqual(
    events.map(({ evt, check, status }) => [evt, check, status]),
    [
      ...['front-door', 'postgres', 'idp', 'secrets', 'egress', 'clock'].map(check => [
        'doctor.result',
        check,
        'ok',
      ]),
    ],
  )
  const { result, findings } = JSON.parse(sick.stdout)
  assert.equal(result, 'fail')
  assert.match(
    findings.find((finding: { id: string }) => finding.id === 'postgres').evidence,
    /does not answer/,
  )
  assert.doesNotMatch(well.stdout + well.stderr + sick.stdout + sick.stderr, /marked-/)
})

test('a file that is refused ends with 2, as a wrong call is told', async t => {
  const { code, stderr } = await doctor(t, 'listen: {}\n')

  assert.equal(code, 2)
  assert.match(stderr, /^gatehouse: \d+ problems in /)
  assert.equal(readDoctorArguments([]), 'doctor needs --config FILE')
  assert.match(
    String(readDoctorArguments(['--config', 'a', '--only', 'idp,nothing'])),
    /^--only does not know nothing; the checks are /,
  )
  assert.equal(
    readDoctorArguments(['--config', 'a', '--url', 'gateway']),
    '--url needs an origin such as https://gateway.example.com',
  )
})
