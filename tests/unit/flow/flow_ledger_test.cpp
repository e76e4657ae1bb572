#include "unit/flow/flow_world.hpp"

namespace runnel::flow {
namespace {

struct FlowWithFiles : FlowFacts {
  World world{0};

  FlowWithFiles() { world.host.emplace(); }
  delivery::Ledger ledger() const { return delivery::replay(world.host->ledger).ledger; }
  delivery::Owners owners(const Partition& partition) const {
    return delivery::owners_in(world.group.metadata.at(partition));
  }
  // p0 is ours; a commit of its three records is out, without an answer for so long.
  void commits_without_answer(std::chrono::seconds silence) {
    world.params.drain = 3s;
    world.group.skip(p0, 0);
    world.live_with({p0});
    world.run_for(2s);
    world.group.produce(p0, 3);
    world.group.replies = {{-185, silence, Reply::not_at_all}};
    world.until([&] { return world.where("commit t0=3") < world.group.diary.size(); });
  }
};

TEST_F(FlowWithFiles, opens_a_partition_before_its_first_record) {
  world.group.produce(p0, 5);
  world.live_with({p0});
  world.until([&] { return world.group.commits == 1; });
  EXPECT_THAT(world.host->files, IsEmpty());
  world.until([&] { return !world.host->files.empty(); });
  ASSERT_EQ(owners(p0).size(), 1u);
  EXPECT_EQ(owners(p0).front().ledger, 1u);
  world.run_for(1s);
  world.stop();
  world.expect_once_in_files();
}

TEST_F(FlowWithFiles, announces_a_file_before_its_first_record) {
  world.group.produce(p0, 1);
  world.live_with({p0});
  world.until([&] { return !world.host->files.empty(); });
  EXPECT_TRUE(ledger().knows("t0"));
  EXPECT_EQ(world.host->durable_ledger, world.host->ledger.size());
}

TEST_F(FlowWithFiles, writes_nothing_when_there_is_nothing) {
  world.group.produce(p0, 5);
  world.live_with({p0});
  world.run_for(5s);
  const auto before = world.host->ledger;
  const auto commits = world.group.commits;
  world.run_for(1h);
  EXPECT_EQ(world.host->ledger, before);
  EXPECT_EQ(world.group.commits, commits);
}

TEST_F(FlowWithFiles, keeps_no_length_that_nobody_can_ask_for) {
  world.live_with({p0});
  for (int i = 0; i < 20; ++i) {
    world.group.produce(p0, 3);
    world.run_for(2s);
  }
  EXPECT_LE(ledger().files().at("t0").lengths.size(), 2u);
}

TEST_F(FlowWithFiles, forgets_a_file_that_its_sink_has_closed_with_the_next_checkpoint) {
  world.group.produce(p0, 1);
  world.group.skip(p1, 0);
  world.live_with({p0, p1});
  world.run_for(3s);
  world.host->idle = {"t0"};
  world.group.produce(p1, 1);
  world.run_for(3s);
  EXPECT_FALSE(ledger().knows("t0"));
  EXPECT_TRUE(ledger().knows("t1"));
  world.group.produce(p0, 1);
  world.run_for(3s);
  EXPECT_TRUE(ledger().knows("t0"));
  world.expect_once_in_files();
  world.stop();
}

TEST(FlowWithFilesAndMore, forgets_no_file_that_was_closed_and_is_written_again) {
  World world(1);
  world.host.emplace();
  world.group.skip(p0, 0);
  world.group.skip(p1, 0);
  world.live_with({p0, p1});
  world.run_for(3s);
  world.shelves[0].next_prepared = {
      Outcome::late};  // what the files' sink says stays until a checkpoint has all
  world.host->idle = {"t0"};
  world.group.produce(p0, 1);
  world.run_for(3s);
  for (const auto& partition : {p0, p1, p1}) {
    world.group.produce(partition, 1);
    world.run_for(3s);
  }
  EXPECT_TRUE(delivery::replay(world.host->ledger).ledger.knows("t0"));
  world.stop();
}

TEST_F(FlowWithFiles, sends_the_same_commit_again_until_it_is_answered) {
  world.group.skip(p0, 0);
  world.live_with({p0});
  world.run_for(2s);
  world.group.replies = {{16, 20ms, Reply::at_once}, {-185, 20ms, Reply::not_at_all}};
  world.group.produce(p0, 1);
  world.until([&] { return world.where("commit t0=1") < world.group.diary.size(); });
  world.group.produce(p0, 4);
  world.run_for(10s);
  std::vector<std::string> commits;
  for (const auto& line : world.group.diary)
    if (line.starts_with("commit ")) commits.push_back(line);
  EXPECT_THAT(commits,
              ElementsAre("commit t0=0", "commit t0=1", "commit t0=1", "commit t0=1", "commit t0=5"));
}

TEST_F(FlowWithFiles, gives_nothing_up_while_a_commit_may_still_be_sent) {
  commits_without_answer(30s);
  const auto from = world.group.diary.size();
  world.group.revoke({p0});
  world.run_for(10s);
  EXPECT_THAT(world.diary_from(from), IsEmpty());
  world.group.assign({p0});
  world.run_for(60s);
  world.expect_once_in_files();
  world.expect_no_hole();
  world.stop();
}

TEST_F(FlowWithFiles, settles_in_the_next_generation_when_a_commit_of_this_one_may_still_come) {
  world.group.cooperative = true;
  commits_without_answer(4s);
  world.group.revoke({p0});
  world.group.assign_beside_revoke({p0, p1});
  world.run_for(10s);
  EXPECT_EQ(world.group.diary.back(), "assign");
  EXPECT_EQ(world.host->offsets()[p0].size(), 3u) << "cut, while a commit of them may come";
  world.group.assign({});
  world.run_for(10s);
  world.expect_once_in_files();
  world.stop();
}

TEST(FlowWithFilesAndMore, forgets_no_file_that_a_sink_did_not_let_go_in_time) {
  World world(1);
  world.host.emplace();
  world.group.produce(p0, 2);
  world.live_with({p0});
  world.run_for(3s);
  world.shelves[0].next_given_up = {Outcome::late};
  world.group.revoke({p0});
  world.run_for(1s);
  EXPECT_TRUE(delivery::replay(world.host->ledger).ledger.knows("t0"));
  world.stop();
}

TEST(FlowWithFilesAndMore, lets_go_of_all_that_it_ever_had_before_files_are_cut) {
  World world(1);
  world.host.emplace().shared = true;
  world.group.cooperative = true;
  world.group.produce(p0, 2);
  world.group.skip(p1, 0);
  world.live_with({p0, p1});
  world.run_for(3s);
  world.group.revoke({p1});
  world.run_for(1s);
  world.group.lose({p0});
  world.run_for(1s);
  auto& given_up = world.shelves[0].given_up;
  given_up.clear();
  world.group.assign({p0});
  world.run_for(1s);
  EXPECT_THAT(given_up, testing::IsSupersetOf({p0, p1}));
  world.stop();
}

// Its answer came after the cut, and the same commit was sent again: of records that stood in no file.
TEST_F(FlowWithFiles, settles_when_a_refused_commit_that_was_sent_again_has_its_answer) {
  world.group.produce(p0, 1);
  world.live_with({p0});
  world.run_for(3s);
  world.group.replies = {refused(), {-185, 4s, Reply::not_at_all}};
  world.group.produce(p0, 2);
  world.until([&] { return world.group.commits == 4; });
  world.run_for(1s);
  world.group.cooperative = true;
  world.group.assign({p1});
  world.until([&] { return world.group.assigned().contains(p1); });
  EXPECT_LT(world.where("answer -185"), world.where("assign t1=0"));
  world.run_for(3s);
  world.stop();
  world.expect_once_in_files();
}

TEST_F(FlowWithFiles, names_the_former_owner_behind_itself) {
  const auto metadata = delivery::to_metadata({{7, 12}, {8, 3}});
  world.group.produce(p0, 2);
  world.group.committed[p0] = 1;
  world.group.metadata[p0] = metadata;
  world.origin[p0] = 1;
  world.live_with({p0});
  world.run_for(3s);
  ASSERT_EQ(owners(p0).size(), 3u);
  EXPECT_EQ(owners(p0)[0].ledger, 1u);
  EXPECT_EQ(owners(p0)[1], (delivery::Claim{7, 12}));
  EXPECT_EQ(owners(p0)[2], (delivery::Claim{8, 3}));
}

TEST_F(FlowWithFiles, follows_an_operator_who_moved_the_position_and_says_what_may_stand_twice) {
  world.group.produce(p0, 6);
  world.live_with({p0});
  world.run_for(3s);
  world.die();
  world.group.committed[p0] = 2;
  world.group.metadata[p0] = "";
  world.live_with({p0});
  world.run_for(3s);
  EXPECT_THAT(world.host->offsets()[p0], ElementsAre(0, 1, 2, 3, 4, 5, 2, 3, 4, 5));
  EXPECT_THAT(log(), HasSubstr("t [0]: offsets 0 to 5 may stand twice"));
  world.stop();
}

TEST_F(FlowWithFiles, leaves_a_file_to_whoever_writes_it_after_a_clean_end) {
  world.group.produce(p0, 2);
  world.live_with({p0});
  world.run_for(3s);
  world.stop();
  world.bury();
  EXPECT_THAT(ledger().files(), IsEmpty());
  world.host->files["t0"].records.emplace_back(p1, 7);
  world.group.produce(p0, 1);
  world.live_with({p0});
  world.run_for(3s);
  EXPECT_THAT(world.host->offsets()[p0], ElementsAre(0, 1, 2));
  EXPECT_THAT(world.host->offsets()[p1], ElementsAre(7));
  world.stop();
}

TEST_F(FlowWithFiles, writes_no_file_of_which_another_ledger_speaks_until_that_one_is_gone) {
  world.host->claimed = true;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(10s);
  EXPECT_THAT(world.host->files, IsEmpty());
  EXPECT_THAT(log(), HasSubstr("the ledger: t0: another ledger speaks of it; trying again"));
  world.host->claimed = false;
  world.run_for(60s);
  world.expect_once_in_files();
  world.stop();
}

TEST_F(FlowWithFiles, says_of_a_new_ledger_that_a_file_was_written_by_an_unknown_one) {
  world.group.produce(p0, 2);
  world.group.committed[p0] = 1;
  world.group.metadata[p0] = delivery::to_metadata({{7, 12}});
  world.host->files["t0"].records.emplace_back(p0, 0);
  world.live_with({p0});
  world.run_for(3s);
  EXPECT_THAT(log(), HasSubstr("t0: holds 1 bytes of which this new ledger knows nothing"));
  EXPECT_THAT(world.host->offsets()[p0], ElementsAre(0, 1));
  world.stop();
}

TEST_F(FlowWithFiles, says_nothing_of_a_file_that_was_there_before_the_group) {
  world.group.produce(p0, 1);
  world.host->files["t0"].records.emplace_back(p1, 7);
  world.live_with({p0});
  world.run_for(3s);
  EXPECT_THAT(log(), Not(HasSubstr("knows nothing")));
  world.stop();
}

TEST_F(FlowWithFiles, lets_go_of_the_ledger_before_it_has_ended) {
  world.live_with({p0});
  world.until([&] { return world.host->held; });
  world.stop();
  EXPECT_FALSE(world.host->held);
}

TEST_F(FlowWithFiles, commits_all_that_is_owned_before_a_second_partition_writes_into_the_file) {
  world.params.shares_files = true;
  world.host->shared = true;
  world.group.skip(p0, 0);
  world.group.skip(p1, 0);
  world.live_with({p0, p1});
  world.run_for(3s);
  world.group.produce(p0, 1);
  world.run_for(3s);
  EXPECT_EQ(world.group.diary[world.group.diary.size() - 2], "commit t0=1 t1=0");
  world.stop();
}

TEST_F(FlowWithFiles, commits_all_that_is_owned_when_a_file_is_shared) {
  world.host->shared = true;
  world.group.produce(p0, 2);
  world.group.produce(p1, 2);
  world.live_with({p0, p1});
  world.run_for(3s);
  world.group.produce(p0, 1);
  world.run_for(3s);
  EXPECT_EQ(world.group.diary.back(), "answer 0");
  EXPECT_EQ(world.group.diary[world.group.diary.size() - 2], "commit t0=3 t1=2");
  world.stop();
}

}  // namespace
}  // namespace runnel::flow
