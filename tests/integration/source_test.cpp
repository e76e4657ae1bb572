#include "world.hpp"

#include <variant>

namespace runnel::tests {
namespace {

class Source : public World {
 protected:
  Source() {
    broker.create_topic("t", 1);
    produce("t", 0, 1000);
    kafka::ConsumerParams params;
    params.name = "test";
    params.topics = {"t"};
    params.properties = with({});
    source = kafka::make_consumer(io.get_executor(), std::move(params));
    source->join();
    while (!std::holds_alternative<flow::Assigned>(next())) {
    }
    source->assign({{{"t", 0}, 0}});
  }
  ~Source() override {
    bool gone = false;
    async::asio::co_spawn(io, source->dispose(), [&](const std::exception_ptr&) { gone = true; });
    until([&] { return gone; });
  }

  /// The next event, with a wait of a second.
  flow::Event next(bool records = true) {
    std::optional<flow::Event> event;
    async::asio::co_spawn(io, source->next(records, clock.now() + 1s),
                          [&](const std::exception_ptr&, flow::Event given) { event = std::move(given); });
    until([&] { return event.has_value(); });
    return std::move(*event);
  }

  /// The first offset of the next batch.
  std::int64_t next_batch() {
    for (;;) {
      const auto event = next();
      if (const auto* batch = std::get_if<delivery::Batch>(&event)) return batch->records.front().offset;
    }
  }

  std::unique_ptr<flow::Source> source;
};

TEST_F(Source, gives_what_it_has_read_ahead_in_order) {
  EXPECT_EQ(next_batch(), 0);
  io.poll();
  EXPECT_EQ(next_batch(), 1);
}

TEST_F(Source, drops_what_it_has_read_ahead_when_it_is_rewound) {
  next_batch();
  next_batch();
  io.poll();
  source->rewind({{{"t", 0}, 1}});
  EXPECT_EQ(next_batch(), 1);
}

TEST_F(Source, gives_nothing_of_a_partition_that_went_though_it_had_read_ahead) {
  next_batch();
  io.poll();
  source->leave();
  until([&] { return std::holds_alternative<flow::Revoked>(next(false)); });
  source->unassign();
  until([&] {
    EXPECT_FALSE(std::holds_alternative<delivery::Batch>(next()));
    return source->closed();
  });
}

}  // namespace
}  // namespace runnel::tests
