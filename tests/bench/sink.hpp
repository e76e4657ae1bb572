#pragma once

#include <runnel/config/config.hpp>
#include <runnel/sinks/registry.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace runnel::bench {

/// A sink as the daemon makes it, of the keys of a [sink.NAME].
inline std::unique_ptr<flow::Sink> make_sink(const async::asio::any_io_executor& loop, flow::Clock& clock,
                                             const std::string& keys) {
  const auto kinds = sinks::registry();
  std::vector<config::SinkKind> known;
  for (const auto& kind : kinds) known.push_back(kind.config);
  config::Input input;
  input.text = "[sink.out]\n" + keys;
  input.name = "bench";
  input.allow_empty = true;
  const auto config = config::load(input, known);
  const auto& sink = config.sinks.at(0);
  const auto kind =
      std::ranges::find(kinds, sink.type, [](const sinks::Kind& each) { return each.config.type; });
  return kind->make(*sink.options, {"out", "bench", loop, clock}).sink;
}

inline std::unique_ptr<flow::Sink> make_file_sink(const async::asio::any_io_executor& loop,
                                                  flow::Clock& clock, const std::string& path,
                                                  const std::string& format) {
  return make_sink(loop, clock, "type = \"file\"\npath = \"" + path + "\"\nformat = \"" + format + "\"\n");
}

}  // namespace runnel::bench
