#include "null.hpp"

#include "simple.hpp"

namespace runnel::sinks {
namespace {

struct NullOptions final : config::SinkOptions {
  std::vector<config::Field> fields() override { return {}; }
};

class NullSink final : public SimpleSink {
 public:
  async::awaitable<flow::Delivered> deliver(const delivery::Batch&, flow::Hurry&) override {
    co_return flow::Delivered();
  }
};

std::unique_ptr<config::SinkOptions> options() {
  return std::make_unique<NullOptions>();
}

Made make(const config::SinkOptions&, const Context&) {
  return {std::make_unique<NullSink>(), false};
}

}  // namespace

Kind null_sink() {
  return {{"null", "Takes every record and keeps none.", options}, make};
}

}  // namespace runnel::sinks
