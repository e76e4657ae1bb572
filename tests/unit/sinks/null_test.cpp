#include "sinks/null.hpp"

#include "support/records.hpp"
#include "support/run.hpp"

#include <gtest/gtest.h>

namespace runnel::sinks {
namespace {

TEST(NullSink, TakesEverythingAtOnce) {
  async::asio::io_context loop;
  flow::RealClock clock;
  flow::Hurry hurry;
  const auto kind = null_sink();
  const auto sink = kind.make(*kind.config.options(), {"void", "flow", loop.get_executor(), clock}).sink;
  tests::Records records;
  const auto batch = records.add("value").take();
  EXPECT_EQ(tests::run(loop, sink->deliver(batch, hurry)).outcome, flow::Outcome::done);
  EXPECT_TRUE(tests::run(loop, sink->prepare(hurry)).extents.empty());
  tests::run(loop, sink->stop(hurry));
}

TEST(Registry, NamesEveryTypeOnceAndDescribesEveryKey) {
  std::vector<std::string_view> types;
  for (const auto& kind : registry()) {
    EXPECT_EQ(std::ranges::count(types, kind.config.type), 0);
    types.push_back(kind.config.type);
    EXPECT_FALSE(kind.config.doc.empty());
    const auto options = kind.config.options();
    for (const auto& field : options->fields()) EXPECT_FALSE(field.doc.empty()) << field.key;
  }
  EXPECT_EQ(types.front(), "null");
}

}  // namespace
}  // namespace runnel::sinks
