#include "integration/world.hpp"

namespace runnel::tests {
namespace {

using FlowOnBroker = World;

// Kafka protocol: API keys and error codes.
constexpr short offset_commit = 8;
constexpr short offset_fetch = 9;
constexpr short fetch = 1;
constexpr short list_offsets = 2;
constexpr int not_coordinator = 16;
constexpr int coordinator_loading = 14;
constexpr int not_leader = 6;

TEST_F(FlowOnBroker, delivers_every_record_of_a_topic_in_order_and_commits) {
  broker.create_topic("t", 3);
  produce("t", 0, 500);
  auto member = join("t");
  until([&] { return member->shelf.records.size() == 500; });
  stop(*member);
  EXPECT_TRUE(clean(*member));
  EXPECT_TRUE(in_order_from_zero(*member));
  EXPECT_EQ(member->shelf.stopped, 1);

  auto next = join("t");
  until([&] { return next->flow->positions().size() == 3; });
  EXPECT_EQ(sum(next->flow->positions()), 500);
  stop(*next);
  EXPECT_TRUE(next->shelf.records.empty());
}

TEST_F(FlowOnBroker, a_group_that_begins_at_latest_keeps_that_position_before_any_record_came) {
  broker.create_topic("t", 2);
  produce("t", 0, 10);
  auto member = join("t", {{"auto.offset.reset", "latest"}});
  until([&] { return member->flow->counters().checkpoints == 1; });
  stop(*member);
  EXPECT_TRUE(member->shelf.records.empty());
  produce("t", 10, 20);

  auto next = join("t", {{"auto.offset.reset", "latest"}});
  until([&] { return next->shelf.records.size() == 10; });
  stop(*next);
  for (const auto& record : next->shelf.records) EXPECT_GE(std::stoi(record.value), 10);
}

TEST_F(FlowOnBroker, a_second_member_takes_over_its_share_and_nothing_is_lost) {
  broker.create_topic("t", 4);
  produce("t", 0, 100);
  auto first = join("t");
  until([&] { return first->shelf.records.size() == 100; });
  auto second = join("t");
  until([&] { return first->flow->positions().size() == 2 && second->flow->positions().size() == 2; });
  EXPECT_GE(first->shelf.given_up.size(), 4U) << "the default assignors are eager";
  produce("t", 100, 200);
  until([&] { return values(*first, *second).size() == 200; });
  EXPECT_FALSE(second->shelf.records.empty());
  stop(*second);
  until([&] { return first->flow->positions().size() == 4; });
  produce("t", 200, 250);
  until([&] { return values(*first, *second).size() == 250; });
  stop(*first);
}

// That only what moves is given up is shown on a real Kafka (tests/kafka/test_membership.py): the embedded
// broker now and then takes a group for settled before all have synchronised, refuses the SyncGroup of the
// last one, and all partitions are lost over it.
TEST_F(FlowOnBroker, with_the_cooperative_protocol_two_members_share_and_nothing_is_lost) {
  broker.create_topic("t", 4);
  const kafka::Properties cooperative = {{"partition.assignment.strategy", "cooperative-sticky"}};
  auto first = join("t", cooperative);
  until([&] { return first->flow->positions().size() == 4; });
  produce("t", 0, 100);
  auto second = join("t", cooperative);
  until([&] { return first->flow->positions().size() == 2 && second->flow->positions().size() == 2; });
  produce("t", 100, 200);
  until([&] { return values(*first, *second).size() == 200; });
  stop(*first);
  stop(*second);
}

TEST_F(FlowOnBroker, a_stuck_sink_holds_back_reading_and_keeps_the_membership) {
  broker.create_topic("t", 1);
  // The limits are the smallest that librdkafka takes together.
  auto member = join("t", {{"max.poll.interval.ms", "6000"}});
  member->shelf.stuck = true;
  produce("t", 0, 1000);
  const auto begun = std::chrono::steady_clock::now();
  until([&] { return std::chrono::steady_clock::now() > begun + 8s; });
  EXPECT_TRUE(member->shelf.records.empty());
  member->shelf.stuck = false;
  until([&] { return member->shelf.records.size() == 1000; });
  EXPECT_TRUE(member->shelf.given_up.empty());
  EXPECT_TRUE(in_order_from_zero(*member));
  stop(*member);
}

TEST_F(FlowOnBroker, a_sink_that_fails_gets_the_same_batch_again) {
  broker.create_topic("t", 1);
  produce("t", 0, 50);
  auto member = join("t");
  member->shelf.next_outcomes = {flow::Outcome::failed, flow::Outcome::failed};
  until([&] { return member->shelf.records.size() == 50; });
  stop(*member);
  EXPECT_TRUE(clean(*member));
  EXPECT_TRUE(in_order_from_zero(*member));
}

TEST_F(FlowOnBroker, a_reader_that_is_gone_ends_the_flow_cleanly) {
  broker.create_topic("t", 1);
  produce("t", 0, 50);
  auto member = join("t");
  member->shelf.next_outcomes = {flow::Outcome::closed};
  until([&] { return member->ended(); });
  ASSERT_TRUE(member->end);
  EXPECT_TRUE(member->end->reader_gone);
  EXPECT_FALSE(member->end->given_up);
}

TEST_F(FlowOnBroker, errors_of_the_broker_are_tried_again_and_lose_nothing) {
  broker.create_topic("t", 2);
  broker.fail_requests(offset_fetch, coordinator_loading, 2);
  broker.fail_requests(list_offsets, not_leader, 2);
  produce("t", 0, 100);
  auto member = join("t");
  until([&] { return !member->shelf.records.empty(); });
  broker.fail_requests(fetch, not_leader, 3);
  broker.fail_requests(offset_commit, not_coordinator, 2);
  produce("t", 100, 200);
  until([&] { return member->shelf.records.size() == 200; });
  stop(*member);
  EXPECT_TRUE(clean(*member));
  EXPECT_TRUE(in_order_from_zero(*member));
}

TEST_F(FlowOnBroker, a_broker_that_is_away_at_the_start_is_waited_for) {
  broker.create_topic("t", 1);
  broker.set_down(true);
  auto member = join("t");
  until_passed(1s);
  EXPECT_FALSE(member->ended());
  broker.set_down(false);
  produce("t", 0, 10);
  until([&] { return member->shelf.records.size() == 10; });
  stop(*member);
  EXPECT_TRUE(clean(*member));
}

TEST_F(FlowOnBroker, a_topic_that_is_made_later_is_found) {
  auto member = join("^later-.*");
  until_passed(1s);
  broker.create_topic("later-1", 1);
  produce("later-1", 0, 10);
  until([&] { return member->shelf.records.size() == 10; });
  stop(*member);
}

TEST_F(FlowOnBroker, headers_null_and_empty_come_through) {
  broker.create_topic("t", 1);
  flow::Message message;
  message.topic = "t";
  message.value = "";
  message.headers = {{"a", "1"}, {"a", "2"}, {"b", ""}};
  produce({message, {.topic = "t", .key = {}, .value = {}, .headers = {}, .timestamp = {}}});
  auto member = join("t");
  until([&] { return member->shelf.records.size() == 2; });
  EXPECT_EQ(member->shelf.records[0].value, "");
  EXPECT_EQ(member->shelf.records[0].headers, message.headers);
  EXPECT_EQ(member->shelf.records[1].value, "(null)");
  EXPECT_TRUE(member->shelf.records[1].headers.empty());
  stop(*member);
}

TEST_F(FlowOnBroker, a_message_too_large_for_the_broker_is_reported_not_lost_in_silence) {
  broker.create_topic("t", 1);
  flow::Message message;
  message.topic = "t";
  message.value = std::string(2 << 20, 'x');
  auto publisher = make_publisher();
  std::optional<flow::Report> report;
  async::asio::co_spawn(io, publisher->send(message),
                        [&](std::exception_ptr, flow::Report got) { report = got; });
  until([&] { return report.has_value(); });
  EXPECT_NE(report->code, 0);
  EXPECT_FALSE(report->reason.empty());
}

// The moments at which a stop can come.
TEST_F(FlowOnBroker, stop_before_the_broker_was_ever_reached) {
  broker.set_down(true);
  auto member = join("t");
  until_passed(300ms);
  stop(*member);
  EXPECT_TRUE(clean(*member));
}

TEST_F(FlowOnBroker, stop_while_the_join_is_out) {
  broker.create_topic("t", 1);
  auto member = join("t");
  until_passed(500ms);  // a first join takes 3 s here
  stop(*member);
  EXPECT_TRUE(clean(*member));
}

TEST_F(FlowOnBroker, stop_with_a_stuck_sink_gives_up_at_the_deadline_uncommitted) {
  broker.create_topic("t", 1);
  produce("t", 0, 10);
  flow::FlowParams params;
  params.drain = 1s;
  auto member = join("t", {}, params);
  member->shelf.stuck = true;
  until([&] { return member->flow->positions().size() == 1; });
  until_passed(500ms);
  member->flow->stop();
  until([&] { return member->ended(); }, 3s);
  ASSERT_TRUE(member->end);
  EXPECT_TRUE(member->end->given_up);

  auto next = join("t");
  until([&] { return next->shelf.records.size() == 10; });
  stop(*next);
}

TEST_F(FlowOnBroker, stop_with_a_broker_that_does_not_answer_ends_within_the_deadline) {
  broker.create_topic("t", 1);
  produce("t", 0, 10);
  flow::FlowParams params;
  params.drain = 2s;
  auto member = join("t", {}, params);
  until([&] { return member->shelf.records.size() == 10; });
  broker.set_round_trip(60'000);
  member->flow->stop();
  until([&] { return member->ended(); }, 4s);
  ASSERT_TRUE(member->end);
  EXPECT_FALSE(member->end->given_up);
  broker.set_round_trip(0);
}

}  // namespace
}  // namespace runnel::tests
