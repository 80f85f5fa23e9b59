// SPDX-License-Identifier: Apache-2.0
/// The server's side of a pipeline in tests: what it was asked, and replies right and wrong.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tools/bench/pipeline.hpp"

namespace troupe::bench {

struct request_seen {
  request_header header;
  std::string body;
};

class server_side {
 public:
  explicit server_side(pipeline& of) : pipe_(of) {}

  /// Requests that the pipeline has sent since the last time; the hello is not among them.
  std::vector<request_seen> requests() {
    std::vector<request_seen> seen;
    from_client_.feed(std::exchange(pipe_.out(), {}));
    while (auto payload = from_client_.next()) {
      if (!has_greeted_) {
        hello = jute::decode<connect_request>(*payload).value();
        hello_bytes = payload->size();
        has_greeted_ = true;
        continue;
      }
      jute::reader in{*payload};
      request_seen one;
      in(one.header);
      EXPECT_TRUE(in.ok());
      one.body = in.rest();
      seen.push_back(std::move(one));
    }
    return seen;
  }

  void expect_new_hello() { has_greeted_ = false; }

  template <class... Records>
  void say(const Records&... records) {
    std::string bytes;
    append_frame_of(bytes, records...);
    pipe_.feed(bytes);
  }

  void grant(std::int64_t session = 7, std::int32_t timeout_ms = 30'000) {
    say(connect_response{0, timeout_ms, session_id{session}, std::string(16, 'p')});
  }

  /// A session that is up, with nothing outstanding.
  void greet() {
    pipe_.begin();
    requests();
    grant();
    ASSERT_TRUE(pipe_.next());
  }

  connect_request hello;
  std::size_t hello_bytes = 0;

 private:
  pipeline& pipe_;
  frame_splitter from_client_{1 << 20};
  bool has_greeted_ = false;
};

inline reply_header ok(std::int32_t xid, std::int64_t id) { return {cxid{xid}, zxid{id}, {}}; }

}  // namespace troupe::bench
