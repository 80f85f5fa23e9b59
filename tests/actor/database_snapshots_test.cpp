// SPDX-License-Identifier: Apache-2.0
/// The database's tree on its way to the disk and to learners: whole, or given up aloud.
#include "tests/actor/database_fixture.hpp"

namespace troupe::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Takes pieces and asks for the next one when the test says so.
snapshot_sink::behavior_type note_pieces(snapshot_sink::pointer, std::vector<std::string>* heard) {
  return {[heard](const snapshot_piece& m) { heard->push_back(m.last ? "last piece" : "piece"); },
          [heard](const snapshot_given_up& m) { heard->push_back("given up: " + m.reason); }};
}

class DatabaseSnapshots : public Database {
 protected:
  void SetUp() override {
    tell(know_membership{
        std::make_shared<const config::membership>(config::membership_of(context->config))});
    scribe = keep(caf::actor_cast<snapshot_sink>(system().spawn(note_pieces, &heard)));
    learn();
    session_exists({7}, at(1, 1));
    // More than a piece.
    commit({7}, cxid{1}, at(1, 2), create_txn{"/a", std::string(600'000, 'x'), {}, false, 1},
           op_code::create);
  }
  void a_digest_differs(zxid id) {
    log::set_observer([](log::level, std::string_view) {});
    txn made{{{7}, cxid{1}, id, 1, op_code::create},
             create_txn{"/b" + to_string(id), "x", {}, false, 1},
             {}};
    made.digest = txn_digest{core::digest_version, 0x4711};
    tell(apply_txns{{make_logged(made)}});
    log::set_observer({});
  }
  std::string stream_asked() {
    std::string out = "no answer";
    system().spawn([&](caf::event_based_actor* self) {
      self->request(database_, caf::infinite, open_stream{})
          .then([&](const stream_opened&) { out = "opened"; },
                [&](const caf::error& e) { out = system().render(e); });
    });
    run();
    return out;
  }
  std::vector<std::string> heard;
  snapshot_sink scribe;
};

TEST_F(DatabaseSnapshots, ComesPieceByPieceAsItIsAskedFor) {
  tell(take_snapshot{scribe});
  EXPECT_THAT(heard, ElementsAre("piece"));
  while (heard.back() == "piece" && heard.size() < 100) tell(next_piece{});
  EXPECT_EQ(heard.back(), "last piece");
}

/// Read again it would look right: it is sealed with its own digest.
TEST_F(DatabaseSnapshots, OfATreeThatIsNotWhatADigestSaysThereIsNone) {
  a_digest_differs(at(1, 3));
  tell(take_snapshot{scribe});
  EXPECT_THAT(heard, ElementsAre(HasSubstr("given up: the tree is not")));
  EXPECT_THAT(stream_asked(), HasSubstr("the tree is not"));
}

TEST_F(DatabaseSnapshots, IsGivenUpWhenTheTreeTurnsOutToBeWrong) {
  tell(take_snapshot{scribe});
  a_digest_differs(at(1, 3));
  EXPECT_THAT(heard, ElementsAre("piece", HasSubstr("given up: the tree is not")));
  tell(next_piece{});
  EXPECT_EQ(heard.size(), 2u);
}

/// Appends that waited in the journal when the role ended may still make one due.
TEST_F(DatabaseSnapshots, WrongTreeHasNoneUntilAnotherOneIsInstalled) {
  a_digest_differs(at(1, 3));
  tell(stop_serving{});
  tell(take_snapshot{scribe});
  EXPECT_THAT(heard, ElementsAre(HasSubstr("given up: the tree is not")));
  heard.clear();
  tell(install_image{std::make_shared<core::image>(), {}});
  EXPECT_EQ(stream_asked(), "opened");
  tell(take_snapshot{scribe});
  EXPECT_THAT(heard, ElementsAre("last piece"));
}

/// It was the leader's digest that was wrong: the others go on with the trees that they have.
TEST_F(DatabaseSnapshots, TreeThatIsKeptHasOneAgainOnceTheNextRoleBegins) {
  a_digest_differs(at(1, 3));
  tell(stop_serving{});
  EXPECT_FALSE(answer_to<last_zxid>(get_last_zxid{}).tree_differs);
  learn();
  EXPECT_EQ(stream_asked(), "opened");
  tell(take_snapshot{scribe});
  EXPECT_THAT(heard, ElementsAre("piece"));
}

TEST_F(DatabaseSnapshots, IsGivenUpWhenTheTreeIsReplaced) {
  tell(take_snapshot{scribe});
  tell(install_image{std::make_shared<core::image>(), {}});
  EXPECT_THAT(heard, ElementsAre("piece", HasSubstr("given up: the database was replaced")));
}

}  // namespace
}  // namespace troupe::test
