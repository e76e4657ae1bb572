#pragma once

#include <runnel/delivery/record.hpp>
#include <runnel/flow/sink.hpp>

#include <string>
#include <utility>

// The small words that sinks answer with.
namespace runnel::sinks {

inline flow::Delivered failed(std::string reason) {
  return {flow::Outcome::failed, std::move(reason)};
}

inline flow::Delivered late() {
  return {flow::Outcome::late, "what was asked before has not ended by the deadline"};
}

/// Whether it is the very batch that was given before. Whoever compares keeps the first one's owner, so its
/// memory cannot have become another's.
inline bool same(const delivery::Batch& a, const delivery::Batch& b) {
  return a.owner == b.owner && a.records.data() == b.records.data() && a.records.size() == b.records.size();
}

}  // namespace runnel::sinks
