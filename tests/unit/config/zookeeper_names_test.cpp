// SPDX-License-Identifier: Apache-2.0
// The names that ZooKeeper 3.8 and 3.9 read: QuorumPeerConfig's keys, and the Java properties of
// its server's sources without their prefix. The admin guide spells some of them otherwise.
#include <gtest/gtest.h>

#include <sstream>

#include "config/keys.hpp"

namespace troupe::config {
namespace {

constexpr auto names = R"(
    4lw.commands.whitelist DigestAuthenticationProvider.digestAlg
    DigestAuthenticationProvider.enabled DigestAuthenticationProvider.superDigest
    IPAuthenticationProvider.usexforwardedfor SASLAuthenticationProvider.superPassword
    X509AuthenticationProvider.superUser admin.commandURL admin.enableServer admin.forceHttps
    admin.httpVersion admin.idleTimeout admin.needClientAuth admin.portUnification
    admin.rateLimiterIntervalInMS admin.restore.enabled admin.serverAddress admin.serverPort
    admin.snapshot.enabled allowSaslFailedClients audit.enable audit.impl.class authProvider.sasl
    autopurge.purgeInterval autopurge.snapRetainCount bitHashCacheSize client.certReload
    client.portUnification client.secure clientCnxnSocket clientPort clientPortAddress
    clientPortListenBacklog clientTcpKeepAlive closeSessionTxn.enabled cnxTimeout commitLogCount
    commitProcessor.maxCommitBatchSize commitProcessor.maxReadBatchSize
    commitProcessor.numWorkerThreads commitProcessor.shutdownTimeout connectToLearnerMasterLimit
    connection_throttle_decrease_ratio connection_throttle_drop_decrease
    connection_throttle_drop_increase connection_throttle_fill_count connection_throttle_fill_time
    connection_throttle_freeze_time connection_throttle_global_session_weight
    connection_throttle_local_session_weight connection_throttle_renew_session_weight
    connection_throttle_tokens connection_throttle_weight_enabled controllerPort dataDir
    dataLogDir datadir.autocreate db.autocreate digest.enabled disableAutoWatchReset
    dynamicConfigFile electionAlg electionPortBindRetry emulate353TTLNodes enableEagerACLCheck
    enforce.auth.enabled enforce.auth.schemes enforceQuota ensembleAuthName extendedTypesEnabled
    fastleader.maxNotificationInterval fastleader.minNotificationInterval fips-mode flushDelay
    follower.nodelay follower.skipLearnerRequestToNextProcessor forceSnapshotSync forceSync
    forward_learner_requests_to_commit_processor_disabled fsync.warningthresholdms
    globalOutstandingLimit group.1 initLimit intBufferStartingSizeBytes
    java.security.auth.login.config jmx.log4j.disable jmx.log4j.mbean jute.maxbuffer
    jute.maxbuffer.extrasize jvm.pause.info-threshold.ms jvm.pause.monitor jvm.pause.sleep.time.ms
    jvm.pause.warn-threshold.ms kerberos.canonicalizeHostNames kerberos.minReLoginTimeMs
    kerberos.removeHostFromPrincipal kerberos.removeRealmFromPrincipal kinit largeRequestMaxBytes
    largeRequestThreshold leader.ackLoggingFrequency leader.closeSocketAsync
    leader.maxConcurrentDiffSyncs leader.maxConcurrentSnapSyncs leader.maxTimeToWaitForEpoch
    leader.nodelay leaderConnectDelayDuringRetryMs leaderServes learner.asyncSending
    learner.closeSocketAsync letAnySaslUserDoX localSessionsEnabled localSessionsUpgradingEnabled
    maxBatchSize maxClientCnxns maxCnxns maxGetChildrenResponseCacheSize
    maxInProcessingDeadWatchers maxResponseCacheSize maxSessionTimeout maxWriteQueuePollTime
    messageTracker.BufferSize messageTracker.Enabled metricsProvider.className
    metricsProvider.httpPort minSessionTimeout multiAddress.enabled
    multiAddress.reachabilityCheckEnabled multiAddress.reachabilityCheckTimeoutMs
    netty.advancedFlowControl.enabled netty.server.earlyDropSecureConnectionHandshakes
    netty.server.outstandingHandshake.limit nio.directBufferBytes nio.numSelectorThreads
    nio.numWorkerThreads nio.sessionlessCnxnTimeout nio.shutdownTimeout observer.election.DelayMs
    observer.reconnectDelayMs observer.syncEnabled observerMaster.sizeLimit observerMasterPort
    oraclePath pathStats.delay pathStats.enabled pathStats.initialDelay pathStats.maxDepth
    pathStats.sampleRate pathStats.slotCapacity pathStats.slotDuration pathStats.topPathMax
    peerType portUnification preAllocSize quorum.auth.enableSasl
    quorum.auth.kerberos.servicePrincipal quorum.auth.learner.saslLoginContext
    quorum.auth.learnerRequireSasl quorum.auth.server.saslLoginContext
    quorum.auth.serverRequireSasl quorum.cnxn.threads.size quorumCnxnTimeoutMs
    quorumListenOnAllIPs readonlymode.enabled reconfigEnabled request.timeout
    request_stale_connection_check request_stale_latency_check request_throttle_drop_stale
    request_throttle_max_requests request_throttle_stall_time request_throttler.shutdownTimeout
    requireKerberosConfig sasl.client sasl.client.canonicalize.hostname sasl.client.username
    sasl.clientconfig sasl.serverconfig secureClientPort secureClientPortAddress
    security.auth_to_local serializeLastProcessedZxid.enabled server.1 server.principal
    server.realm serverCnxnFactory sessionRequireClientSASLAuth skipACL snapCount
    snapSizeLimitInKb snapshot.compression.method snapshot.trust.empty snapshotSizeFactor ssl.crl
    ssl.keyStore.location ssl.ocsp ssl.quorum.trustStore.type sslQuorum sslQuorumReloadCertFiles
    standaloneEnabled superUser syncEnabled syncLimit tcpKeepAlive
    test.allowDiscontinuousProposals testingonly.initialZxid throttled_op_wait_time tickTime
    txnLogSizeLimitInKb watchManagerName watcherCleanIntervalInSeconds watcherCleanThreadsNum
    watcherCleanThreshold weight.1 znode.container.checkIntervalMs
    znode.container.maxNeverUsedIntervalMs znode.container.maxPerMinute)";

TEST(ZooKeeperNames, EachIsInTheTable) {
  std::istringstream in{names};
  for (std::string name; in >> name;) EXPECT_NE(find_key(name), nullptr) << name;
}

TEST(ZooKeeperNames, WhatTheGuideMisspeltIsToldWithTheNameThatIsRead) {
  EXPECT_EQ(find_key("maxTimeToWaitForEpoch"), nullptr);
  EXPECT_EQ(nearest_key("maxTimeToWaitForEpoch"), "leader.maxTimeToWaitForEpoch");
  EXPECT_EQ(nearest_key("requestStaleLatencyCheck"), "request_stale_latency_check");
  EXPECT_EQ(nearest_key("throttledOpWaitTime"), "throttled_op_wait_time");
}

}  // namespace
}  // namespace troupe::config
