// Who may do what: a member at a time, nothing basic, and nothing that is not in this list (G-8, G-14).

import { roleBindings } from '../role-bindings.ts'
import { Synthesized } from '../synthesized.ts'
import { declared } from '../terraform/stack-json.ts'
import { type Fact, ofType } from './fact.ts'

const READ = 'roles/secretmanager.secretAccessor on secret_manager_secret'
const INSTANCE = String.raw`\(this instance only\)`

/** Every grant that any settings make, in the spelling of `roleBindings`. */
const KNOWN = [
  ...['bootstrap', 'run'].map(who => `${who} roles/cloudsql\\.client on project ${INSTANCE}`),
  `run roles/cloudsql\\.instanceUser on project ${INSTANCE}`,
  `bootstrap ${READ} secrets_db-bootstrap`,
  // The upstreams' keys and the like are secrets of the organisation, called as it likes.
  `run ${READ} secrets_(?!db-bootstrap)[a-z0-9-]+`,
  'run aiplatform\\.endpoints\\.predict on project',
  'run roles/aiplatform\\.user on project',
  'run iam\\.serviceAccounts\\.(getAccessToken|signJwt) on service_account directory_account',
  'build roles/artifactregistry\\.writer on artifact_registry_repository registry_(images|ingredients)',
  'build roles/logging\\.logWriter on project',
  'probe roles/run\\.invoker on cloud_run_v2_job doctor_command_job',
  'allUsers roles/run\\.invoker on cloud_run_v2_service service_service',
  'deploy roles/containeranalysis\\.occurrences\\.editor on project',
  'deploy roles/containeranalysis\\.notes\\.attacher on container_analysis_note .+',
  'deploy roles/binaryauthorization\\.attestorsViewer on binary_authorization_attestor .+',
  'deploy roles/cloudkms\\.signerVerifier on kms_crypto_key .+',
  'serviceAccount:service-\\d+@gcp-sa-secretmanager\\.iam\\.gserviceaccount\\.com roles/pubsub\\.publisher on pubsub_topic .+',
  '\\$\\{google_logging_project_sink\\..+\\.writer_identity\\} roles/bigquery\\.dataEditor on bigquery_dataset .+',
].map(pattern => new RegExp(`^${pattern}$`))

export const GRANTS: readonly Fact[] = [
  {
    sentence: 'a grant adds a member, and takes away nobody’s',
    broken: stack =>
      declared(stack)
        .filter(({ type }) => /_iam_(policy|binding)$|^google_service_account_key$/.test(type))
        .map(({ address }) => `${address}: it is not a member’s grant`),
  },
  {
    sentence: 'no grant is made that is not listed here',
    broken: stack =>
      roleBindings(new Synthesized(JSON.stringify(stack))).filter(
        binding => !KNOWN.some(known => known.test(binding)),
      ),
  },
  {
    sentence: 'everybody may call the service only where the platform’s own check is on',
    broken: stack =>
      ofType(stack, 'google_cloud_run_v2_service').flatMap(({ address, block }) => {
        const isOpen = ofType(stack, 'google_cloud_run_v2_service_iam_member').length > 0
        return block['invoker_iam_disabled'] === !isOpen
          ? []
          : [`${address}: invoker_iam_disabled is not ${!isOpen}`]
      }),
  },
]
