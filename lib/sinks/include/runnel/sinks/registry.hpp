#pragma once

#include <runnel/config/field.hpp>
#include <runnel/flow/clock.hpp>
#include <runnel/flow/sink.hpp>

#include <memory>
#include <span>
#include <string>

namespace runnel::sinks {

class Descriptors;

/// What every sink is made with.
struct Context {
  std::string name;  // of the [sink.NAME]
  std::string flow;  // of the [consumer.NAME] it belongs to
  async::asio::any_io_executor loop;
  flow::Clock& clock;
  async::asio::any_io_executor errands =
      {};  // where calls that may block run; none: on a thread of the sink's
  Descriptors* descriptors = nullptr;
};

struct Made {
  std::unique_ptr<flow::Sink> sink;
  bool wants_headers = false;  // whether its format looks at the records' headers
  bool keeps_files = false;    // whether its files are to hold each record once: the flow needs a ledger
  bool shares_files = false;   // whether partitions write into the same file: see flow::FlowParams
};

struct Kind {
  config::SinkKind config;
  Made (*make)(const config::SinkOptions& options, const Context& context) = nullptr;
  bool opens_files = false;  // as many as it may: it has a share of the Descriptors
};

/// Every type of sink. A new sink is one pair of files and one line in registry.cpp.
std::span<const Kind> registry();

}  // namespace runnel::sinks
