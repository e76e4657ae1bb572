#pragma once

#include <runnel/flow/sink.hpp>

namespace runnel::sinks {

/// A sink that owes nothing once it has delivered: nothing to make durable, or to give up.
class SimpleSink : public flow::Sink {
 public:
  async::awaitable<flow::Delivered> prepare(flow::Hurry&) override { co_return flow::Delivered(); }
  async::awaitable<flow::Delivered> give_up(std::span<const delivery::Partition>, flow::Hurry&) override {
    co_return flow::Delivered();
  }
  async::awaitable<void> stop(flow::Hurry&) override { co_return; }
};

}  // namespace runnel::sinks
