/**
 * The provider's classes that the stack uses: the one file to edit when the package changes (G-7).
 *
 * Each path names its file. The package's root costs half a gigabyte and seconds, and a folder's path fails as ESM.
 */
export { ComputeAddress } from '@cdktf/provider-google/lib/compute-address/index.js'
export { ComputeForwardingRule } from '@cdktf/provider-google/lib/compute-forwarding-rule/index.js'
export { ComputeGlobalAddress } from '@cdktf/provider-google/lib/compute-global-address/index.js'
export { ComputeGlobalForwardingRule } from '@cdktf/provider-google/lib/compute-global-forwarding-rule/index.js'
export { ComputeNetwork } from '@cdktf/provider-google/lib/compute-network/index.js'
export { ComputeRouter } from '@cdktf/provider-google/lib/compute-router/index.js'
export { ComputeRouterNat } from '@cdktf/provider-google/lib/compute-router-nat/index.js'
export { ComputeSubnetwork } from '@cdktf/provider-google/lib/compute-subnetwork/index.js'
export { DnsManagedZone } from '@cdktf/provider-google/lib/dns-managed-zone/index.js'
export { DnsRecordSet } from '@cdktf/provider-google/lib/dns-record-set/index.js'
export { ProjectIamCustomRole } from '@cdktf/provider-google/lib/project-iam-custom-role/index.js'
export { ProjectIamMember } from '@cdktf/provider-google/lib/project-iam-member/index.js'
export { ProjectService } from '@cdktf/provider-google/lib/project-service/index.js'
export { GoogleProvider } from '@cdktf/provider-google/lib/provider/index.js'
export { PubsubTopic } from '@cdktf/provider-google/lib/pubsub-topic/index.js'
export { PubsubTopicIamMember } from '@cdktf/provider-google/lib/pubsub-topic-iam-member/index.js'
export { SecretManagerSecret } from '@cdktf/provider-google/lib/secret-manager-secret/index.js'
export { SecretManagerSecretIamMember } from '@cdktf/provider-google/lib/secret-manager-secret-iam-member/index.js'
export { SecretManagerSecretVersion } from '@cdktf/provider-google/lib/secret-manager-secret-version/index.js'
export { ServiceAccount } from '@cdktf/provider-google/lib/service-account/index.js'
export { ServiceAccountIamMember } from '@cdktf/provider-google/lib/service-account-iam-member/index.js'
export { ServiceNetworkingConnection } from '@cdktf/provider-google/lib/service-networking-connection/index.js'
export { SqlDatabase } from '@cdktf/provider-google/lib/sql-database/index.js'
export {
  SqlDatabaseInstance,
  type SqlDatabaseInstanceConfig,
} from '@cdktf/provider-google/lib/sql-database-instance/index.js'
export { SqlUser } from '@cdktf/provider-google/lib/sql-user/index.js'
