#pragma once

#include "support/memory_sink.hpp"

#include <runnel/flow/flow.hpp>
#include <runnel/kafka/consumer.hpp>
#include <runnel/kafka/embedded_broker.hpp>
#include <runnel/kafka/producer.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace runnel::tests {

using namespace std::chrono_literals;

// The embedded broker answers a join after 5 s (the session timeout less one). librdkafka joins again when a
// refresh of the metadata comes between that answer and the leader's own question for it (rdkafka_cgrp.c,
// rd_kafka_cgrp_metadata_update_check: both are "wait-metadata"). So the refresh is no divisor of 5 s: else a
// member that met one by chance would meet one at every join, and never be assigned.
inline const kafka::Properties quick = {
    {"fetch.wait.max.ms", "10"},       {"session.timeout.ms", "6000"},
    {"heartbeat.interval.ms", "200"},  {"topic.metadata.refresh.interval.ms", "730"},
    {"auto.offset.reset", "earliest"}, {"reconnect.backoff.max.ms", "500"},
};

/// One flow with its source and a sink in memory, running on the world's loop.
struct Member {
  Shelf shelf;
  std::unique_ptr<flow::Flow> flow;
  std::optional<flow::FlowEnd> end;
  std::exception_ptr failure;

  bool ended() const { return end || failure; }
};

/// An embedded broker, and a loop that runs until something is so.
class World : public testing::Test {
 protected:
  World() { std::signal(SIGPIPE, SIG_IGN); }

  void until(const std::function<bool()>& is_so, std::chrono::seconds limit = 30s) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!is_so()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "it did not come";
      io.restart();
      io.run_one_for(50ms);
    }
  }

  // For what must not happen: there is no condition to wait for.
  void until_passed(std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    until([&] { return std::chrono::steady_clock::now() >= end; });
  }

  kafka::Properties with(kafka::Properties more) const {
    more.insert(quick.begin(), quick.end());
    more.emplace("bootstrap.servers", broker.address());
    more.emplace("group.id", "g");
    return more;
  }

  std::unique_ptr<Member> join(const std::string& topic, kafka::Properties properties = {},
                               flow::FlowParams params = {}) {
    auto member = std::make_unique<Member>();
    properties = with(std::move(properties));
    params.name = "test";
    params.reset = kafka::reset_of(properties);
    kafka::ConsumerParams consumer;
    consumer.name = "test";
    consumer.topics = {topic};
    consumer.headers = true;
    consumer.properties = std::move(properties);
    std::vector<flow::NamedSink> sinks;
    sinks.push_back({"memory", std::make_unique<MemorySink>(io.get_executor(), clock, member->shelf)});
    member->flow = std::make_unique<flow::Flow>(io.get_executor(), params,
                                                kafka::make_consumer(io.get_executor(), std::move(consumer)),
                                                std::move(sinks), clock);
    auto ended = [raw = member.get()](std::exception_ptr failure, flow::FlowEnd end) {
      if (failure)
        raw->failure = failure;
      else
        raw->end = end;
    };
    async::asio::co_spawn(io, member->flow->run(), ended);
    return member;
  }

  std::unique_ptr<flow::Publisher> make_publisher() {
    return kafka::make_producer(io.get_executor(),
                                {"test", kafka::only_for(kafka::Side::producer, with({}))});
  }

  void produce(const std::vector<flow::Message>& messages) {
    auto publisher = make_publisher();
    std::size_t reported = 0;
    for (const auto& message : messages) {
      async::asio::co_spawn(io, publisher->send(message), [&](std::exception_ptr, flow::Report report) {
        EXPECT_EQ(report.code, 0) << report.reason;
        ++reported;
      });
    }
    until([&] { return reported == messages.size(); });
  }

  // The numbers from `from` to `to` as keys and values.
  void produce(const std::string& topic, int from, int to) {
    std::vector<flow::Message> messages;
    for (int i = from; i < to; ++i) {
      auto& message = messages.emplace_back();
      message.topic = topic;
      message.key = message.value = std::to_string(i);
      message.timestamp = std::chrono::system_clock::now();
    }
    produce(messages);
  }

  void stop(Member& member) {
    member.flow->stop();
    until([&] { return member.ended(); });
  }

  static bool clean(const Member& member) {
    return member.end && member.end->left_group && !member.end->given_up && !member.end->uncommitted;
  }

  static bool in_order_from_zero(const Member& member) {
    for (const auto& [partition, offsets] : member.shelf.offsets())
      for (std::size_t i = 0; i < offsets.size(); ++i)
        if (offsets[i] != static_cast<std::int64_t>(i)) return false;
    return true;
  }

  static std::set<std::string> values(const Member& one, const Member& other) {
    std::set<std::string> result;
    for (const auto* member : {&one, &other})
      for (const auto& record : member->shelf.records) result.insert(record.value);
    return result;
  }

  static std::int64_t sum(const delivery::Positions& positions) {
    std::int64_t result = 0;
    for (const auto& [partition, next] : positions) result += next;
    return result;
  }

  async::asio::io_context io{1};
  flow::RealClock clock;
  kafka::EmbeddedBroker broker;
};

}  // namespace runnel::tests
