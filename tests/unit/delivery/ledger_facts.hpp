#pragma once

#include <runnel/delivery/ledger.hpp>

#include <gmock/gmock.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace runnel::delivery {

/// A ledger that a test tells what to hold.
struct WithLedger : testing::Test {
  Ledger ledger{{7, "cluster", "group"}};

  std::uint64_t adds(std::vector<Place> places, std::vector<Extent> files) {
    auto entry = ledger.next();
    entry.places = std::move(places);
    entry.files = std::move(files);
    ledger.add(entry);
    return entry.sequence;
  }
};

}  // namespace runnel::delivery
