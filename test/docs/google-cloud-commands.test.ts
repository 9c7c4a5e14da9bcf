// The commands of docs/google-cloud.md, in one shell and in their order: what can run here runs.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { codeBlocks, pageAt } from '../support/manual.ts'
import { PipelineRig, type Row } from '../support/pipeline-rig.ts'

const page = { path: 'docs/google-cloud.md', text: pageAt('docs/google-cloud.md') }
const blocks = codeBlocks(page)
const lines = blocks
  .filter(({ language }) => language === 'sh' || language === 'bash')
  .flatMap(({ text }) => text.split('\n').filter(line => line !== ''))

const GOOGLE = 'Google answers; here a table does'
const PROVIDERS = 'the state and the providers are elsewhere; here a table answers'
const DOCKER = 'there need be no Docker; here a table answers'

/** Lines that do not run as they would there, by how they begin: nothing of the kind is missing here. */
const ELSEWHERE: readonly { begins: string; because: string; isLeftOut?: true }[] = [
  { begins: 'gcloud ', because: GOOGLE },
  { begins: 'infra/bootstrap.sh ', because: 'the script is the real one; gcloud answers from a table' },
  { begins: 'printf %s "$OAUTH_CLIENT_SECRET" | gcloud ', because: GOOGLE },
  { begins: 'CANARY_URL=$(gcloud ', because: GOOGLE },
  { begins: 'terraform ', because: PROVIDERS },
  { begins: 'docker ', because: DOCKER },
  { begins: 'BUILD_IMAGE=$(docker ', because: DOCKER },
  { begins: 'RUNTIME_IMAGE=$(docker ', because: DOCKER },
  { begins: 'export GATEHOUSE_IMAGE="$(docker ', because: DOCKER },
  { begins: 'read -rs ', because: 'it waits for somebody to type', isLeftOut: true },
  { begins: 'dig ', because: 'the name is private', isLeftOut: true },
  { begins: 'curl ', because: 'the name is private', isLeftOut: true },
  { begins: 'GATEHOUSE_PHASE=foundation npm run deploy', because: 'npx fetches the tool', isLeftOut: true },
  { begins: 'npm run deploy', because: 'npx fetches the tool', isLeftOut: true },
]

/** Lines that run here with nothing replaced, and how they end. */
const HERE: Readonly<Record<string, number>> = {
  'export PROJECT=my-project': 0,
  'export REGION=us-east5': 0,
  'export GATEHOUSE_ENV=prod': 0,
  'IMAGE="$REGION-docker.pkg.dev/$PROJECT/gatehouse/gatehouse"': 0,
  // No credentials: that is its one finding.
  'npm run doctor:settings -- "$GATEHOUSE_ENV"': 1,
  'GATEHOUSE_PHASE=foundation npm run synth': 0,
  'GATEHOUSE_PHASE=database npm run synth': 0,
  'npm run synth': 0,
  'node app/main.ts --help': 0,
  'node app/main.ts --config gateway.example.yaml --check --allow-unset': 0,
}

const DIGEST = `us-east5-docker.pkg.dev/my-project/gatehouse/gatehouse@sha256:${'1'.repeat(64)}`
const ANSWERS: readonly Row[] = [
  { asked: '^docker inspect .*gatehouse:first$', says: `${DIGEST}\n` },
  { asked: '^gcloud run services describe .*flatten', says: 'canary,https://canary---x.run.app\n' },
  { asked: '.' },
]

const placeOf = (line: string) => ELSEWHERE.find(({ begins }) => line.startsWith(begins))

test('every line of the page is run here, or listed with the reason why it cannot be', () => {
  const neither = lines.filter(line => HERE[line] === undefined && placeOf(line) === undefined)
  const unused = [
    ...Object.keys(HERE).filter(line => !lines.includes(line)),
    ...ELSEWHERE.map(({ begins }) => begins).filter(begins => !lines.some(line => line.startsWith(begins))),
  ]

  assert.deepEqual({ neither, unused }, { neither: [], unused: [] })
})

test('every line is one that a shell understands', () => {
  const { status, stderr } = spawnSync('sh', ['-n'], { input: lines.join('\n'), encoding: 'utf8' })

  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
})

test('the page’s own settings and commands go from nothing to a complete stack', () => {
  using rig = new PipelineRig(ANSWERS)
  const [settings] = blocks.filter(({ language }) => language === 'yaml')
  const script = lines
    .filter(line => placeOf(line)?.isLeftOut !== true)
    .map(
      line =>
        `echo '== ${line.replaceAll("'", '')}'\n${HERE[line] === 1 ? `if ${line}; then exit 90; fi` : line}`,
    )
  rig.write({
    'infra/environments/prod.yaml': settings?.text ?? '',
    'gateway.example.yaml': pageAt('gateway.example.yaml'),
    'page.sh': ['set -eu', 'OAUTH_CLIENT_SECRET=typed', ...script].join('\n'),
  })

  const { exit, said, calls } = rig.run('page.sh', {
    variables: { GOOGLE_APPLICATION_CREDENTIALS: '/nowhere/key.json', npm_config_ignore_scripts: 'true' },
  })

  assert.equal(exit, 0, said)
  assert.match(said, /fail {2}credentials/)
  assert.match(said, /gateway\.example\.yaml: valid/)
  const { resource } = JSON.parse(rig.read('cdktf.out/stacks/prod/cdk.tf.json'))
  assert.equal(resource.google_cloud_run_v2_service.service_service.template.containers[0].image, DIGEST)
  assert.ok(calls.includes('terraform -chdir=cdktf.out/stacks/prod init'))
  assert.ok(
    calls.includes(
      'gcloud run jobs execute gatehouse-doctor --project=my-project --region=us-east5 --wait --args=doctor,--config,/etc/claude/gateway.yaml,--json,--url,https://canary---x.run.app',
    ),
  )
})
