// SPDX-License-Identifier: Apache-2.0
// Keys of who may do what, of what an operator sees, and of threads and buffers. What promises
// safety and is not there is refused: a server that starts without it would be trusted for nothing.
#include "config/key_entries.hpp"

namespace troupe::config::entries {

namespace {

constexpr std::string_view no_tls = "there is no TLS yet";

constexpr std::string_view digest_form =
    "a user and the digest of user and password, such as super:xQJmxLMiHGwaqBvst5y6rkB6HQs=";

verdict take_super_digest(draft& d, std::string_view value) {
  const auto colon = value.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon + 1 == value.size())
    return std::string{digest_form};
  d.cfg.super_digest = value;
  return std::nullopt;
}

constexpr std::string_view schemes_form = "digest, ip or sasl, or several with commas between";

verdict take_auth_schemes(draft& d, std::string_view value) {
  d.auth_schemes.clear();
  for (auto scheme : split(value, ',')) {
    if (scheme != "digest" && scheme != "ip" && scheme != "sasl") return std::string{schemes_form};
    d.auth_schemes.emplace_back(scheme);
  }
  return std::nullopt;
}

}  // namespace

key_section security_keys() {
  key_section out{"Security", {}};
  auto add = [&out](key_entry x) { out.keys.push_back(std::move(x)); };
  add(custom("DigestAuthenticationProvider.superDigest", std::string{digest_form}, "none",
             "Who shows the password of this user passes every ACL.", take_super_digest,
             [](const node_config& c) -> std::optional<std::string> {
               if (c.super_digest.empty()) return std::nullopt;
               return c.super_digest;
             }));
  out.keys.back().is_secret = true;
  add(text("session.passwordSecretFile", &node_config::session_secret_file,
           "a file that others may not read and the group may not write: a secret of 16 bytes or "
           "more a line, or the word zookeeper",
           "Makes session passwords unguessable: without it they follow from the session's id, as "
           "ZooKeeper's do. The same file on all servers; the first line makes passwords, all "
           "lines are accepted, zookeeper stands for ZooKeeper's own. Read at the start."));
  out.keys.back().fallback = "none";
  add(custom(
      "enforce.auth.enabled", "true or false", "false",
      "A client has to prove an identity of one of enforce.auth.schemes before anything else; "
      "what asks earlier is answered -124 and loses its connection.",
      [](draft& d, std::string_view v) { return take_choice(d.enforce_auth, v, "true", "false"); },
      [](const node_config& c) {
        return std::string{c.required_auth_schemes.empty() ? "false" : "true"};
      }));
  add(custom("enforce.auth.schemes", std::string{schemes_form}, "none",
             "See enforce.auth.enabled. Whoever connects has shown an ip.", take_auth_schemes,
             [](const node_config& c) -> std::optional<std::string> {
               if (c.required_auth_schemes.empty()) return std::nullopt;
               return joined(c.required_auth_schemes);
             }));
  add(refused("DigestAuthenticationProvider.digestAlg",
              "the digests in ACLs are of SHA1, and others would lock their owners out",
              "The algorithm of digests in ACLs.", "SHA1"));
  add(refused(
      "DigestAuthenticationProvider.enabled",
      "the scheme digest cannot be taken away: clients would go on proving who they are by it",
      "Whether clients may prove who they are by the scheme digest.", "true"));
  add(no_effect("IPAuthenticationProvider.usexforwardedfor", "false",
                "clients come by ZooKeeper's protocol, and no proxy says for whom",
                "Whether an HTTP header says who asks.", "false"));
  add(no_effect("enableEagerACLCheck", "false",
                "an ACL is checked where the txn is made, with "
                "the same outcome",
                "Checking ACLs of writes at the client's server first."));
  for (auto& x : sasl_keys()) add(std::move(x));
  add(refused("secureClientPort", no_tls, "Where clients connect by TLS."));
  add(refused("secureClientPortAddress", no_tls, "The address of that port."));
  add(refused("client.portUnification", no_tls, "TLS and plain clients at one port.", "false"));
  add(no_effect("client.certReload", "false", no_tls, "Reading the certificate files anew.",
                "false"));
  add(refused("sslQuorum", no_tls, "TLS between servers.", "false"));
  add(refused("portUnification", no_tls, "TLS and plain servers at one port.", "false"));
  add(no_effect_flag("sslQuorumReloadCertFiles", false, no_tls,
                     "Reading the servers' certificate files anew.", false));
  add(refused("ssl.", no_tls, "Keys, certificates and rules of TLS."));
  add(no_effect("fips-mode", "true", no_tls, "FIPS rules for TLS."));
  add(refused("X509AuthenticationProvider.", no_tls, "Identities from certificates."));
  add(flag("audit.enable", &node_config::audit,
           "A log of who changed what, in ZooKeeper's words, kept by the server of the client."));
  add(text("auditlog.file", &node_config::audit_file, "a file",
           "The audit log's file; a relative one lies beside the server's log. Each of its ten "
           "predecessors has 10 MB."));
  out.keys.back().fallback = "zookeeper_audit.log";
  add(built_in("audit.impl.class", {"org.apache.zookeeper.audit.Slf4jAuditLogger"},
               "a Java class cannot be loaded", "The class that writes the audit log."));
  out.keys.back().fallback = "org.apache.zookeeper.audit.Slf4jAuditLogger";
  for (std::string_view name : {"audit.", "auditlog."})
    add(no_effect(name, "", "it is about logback, which is not there",
                  "How the audit log is written."));
  add(refused("ensembleAuthName", "the scheme `ensemble` is not spoken",
              "Names a client may call this ensemble by."));
  return out;
}

key_section insight_keys() {
  key_section out{"AdminServer and metrics", {}};
  auto add = [&out](key_entry x) { out.keys.push_back(std::move(x)); };
  add(no_effect("admin.enableServer", "true",
                "there is no AdminServer yet: nothing listens. Four-letter words tell the same",
                "The HTTP server for operators.", "false"));
  add(no_effect("admin.", "", "there is no AdminServer yet: nothing listens",
                "Where and how the AdminServer listens."));
  const std::string package = "org.apache.zookeeper.metrics.";
  add(built_in("metricsProvider.className",
               {package + "impl.DefaultMetricsProvider", package + "impl.NullMetricsProvider"},
               "a Java class cannot be loaded, and there is no port for Prometheus yet; the "
               "four-letter word mntr has the figures",
               "Who is told the figures of this server."));
  out.keys.back().fallback = package + "impl.DefaultMetricsProvider";
  add(no_effect("metricsProvider.", "", "there is no port for Prometheus yet",
                "Where the figures are served."));
  add(no_effect("jvm.pause.", "", "there is no JVM that could pause", "Watching for pauses."));
  return out;
}

key_section tuning_keys() {
  constexpr std::string_view threads = "actors share a pool of threads that fits the machine";
  constexpr std::string_view no_request_throttle =
      "globalOutstandingLimit bounds the requests; none is dropped or refused";
  constexpr std::string_view no_connection_throttle =
      "maxCnxns and maxClientCnxns bound the connections; none is dropped by chance";
  key_section out{"Threads, buffers and throttles of ZooKeeper's", {}};
  auto add = [&out](key_entry x) { out.keys.push_back(std::move(x)); };
  add(built_in("serverCnxnFactory",
               {"org.apache.zookeeper.server.NIOServerCnxnFactory",
                "org.apache.zookeeper.server.NettyServerCnxnFactory"},
               "a Java class cannot be loaded", "The class that speaks with clients."));
  add(built_in("watchManagerName",
               {"org.apache.zookeeper.server.watch.WatchManager",
                "org.apache.zookeeper.server.watch.WatchManagerOptimized"},
               "a Java class cannot be loaded", "The class that holds watches."));
  for (std::string_view name : {"nio.", "netty.", "commitProcessor.", "quorum.cnxn.threads.size"})
    add(no_effect(name, "", threads, "Numbers of threads and sizes of buffers."));
  for (std::string_view name : {"maxResponseCacheSize", "maxGetChildrenResponseCacheSize"})
    add(no_effect(name, "400", "answers are made anew, there is no cache of them",
                  "Answers kept ready."));
  for (std::string_view name :
       {"request_throttle_max_requests", "request_throttle_stall_time",
        "request_throttle_drop_stale", "request_throttler.", "throttled_op_wait_time",
        "request_stale_connection_check", "request_stale_latency_check"})
    add(no_effect(name, "", no_request_throttle, "ZooKeeper's throttle of requests."));
  for (std::string_view name : {"largeRequestMaxBytes", "largeRequestThreshold"})
    add(no_effect(name, "",
                  "client.bufferBytesMax bounds the bytes of requests; nobody gets an error",
                  "Bounds for the bytes of requests."));
  for (std::string_view name :
       {"connectionMaxTokens", "connectionTokenFillTime", "connectionTokenFillCount",
        "connectionFreezeTime", "connectionDropIncrease", "connectionDropDecrease",
        "connectionDecreaseRatio", "connection_throttle_*"})
    add(no_effect(name, "", no_connection_throttle, "ZooKeeper's throttle of connections."));
  add(no_effect("jute.maxbuffer.extrasize", "jute.maxbuffer",
                "a txn may be twice as long as jute.maxbuffer",
                "What a txn may be longer than its request."));
  for (std::string_view name :
       {"leader.maxConcurrentSnapSyncs", "leader.maxConcurrentDiffSyncs",
        "leader.maxConcurrentSnapshots", "leader.maxConcurrentSnapshotTimeout"})
    add(no_effect(name, "", "each learner is brought up to date at the pace it takes the pieces",
                  "How many learners are brought up to date at a time."));
  add(no_effect("leader.maxTimeToWaitForEpoch", "-1", "initLimit bounds that wait",
                "How long a leader waits for a quorum to agree on an epoch.", "-1"));
  for (std::string_view name :
       {"observer.reconnectDelayMs", "observer.election.DelayMs", "quorumCnxnTimeoutMs",
        "electionPortBindRetry", "leader.nodelay", "follower.nodelay", "learner.closeSocketAsync",
        "leader.closeSocketAsync", "learner.asyncSending", "learner.packetSender.",
        "leaderConnectDelayDuringRetryMs", "fastleader."})
    add(no_effect(name, "",
                  "servers reach each other by other means, with waits that grow by "
                  "themselves",
                  "How servers connect to each other."));
  for (std::string_view name :
       {"intBufferStartingSizeBytes", "bitHashCacheSize", "jmx.", "messageTracker.",
        "watchManager.", "pathStats.", "readWriteStats.", "closeSessionTxn.enabled",
        "maxInProcessingDeadWatchers", "watcherClean*", "leader.ackLoggingFrequency",
        "follower.skipLearnerRequestToNextProcessor",
        "forward_learner_requests_to_commit_processor_disabled", "forceSnapshotSync",
        "controllerPort", "test.", "testingonly."})
    add(no_effect(name, "", "it is about the inner parts of the Java server",
                  "Inner parts of the Java server."));
  for (std::string_view name : {"log.", "tracelog.", "root.logger", "console.threshold"})
    add(no_effect(name, "", "it is about logback, which is not there; see `actor-node start --log`",
                  "Where and what the Java server logs."));
  for (std::string_view name :
       {"client.secure", "clientCnxnSocket", "disableAutoWatchReset", "request.timeout",
        "sasl.client", "sasl.client.", "sasl.clientconfig", "server.principal", "server.realm"})
    add(no_effect(name, "", "it is about Java clients, which read it themselves",
                  "Settings of Java clients, which a server's flags may bear, too."));
  return out;
}

}  // namespace troupe::config::entries
