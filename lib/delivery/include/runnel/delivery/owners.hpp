#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The metadata of a committed offset: whose files hold what is below it.
namespace runnel::delivery {

/// An entry of a ledger.
struct Claim {
  std::uint64_t ledger = 0;  // its id
  std::uint64_t entry = 0;

  bool operator==(const Claim&) const = default;
};

/// First who committed, with the entry that this commit decides; behind it every former owner with the last
/// of its entries that counts, the latest first.
using Owners = std::vector<Claim>;

/// Kafka's own limit is 4096 bytes by default, but a broker may have a lower one.
constexpr std::size_t most_metadata = 512;

/// As text: "runnel1 9f0c2b7714c01a5e:17 03c1d2e4f5a69788:4". What does not fit is left out, the oldest
/// first.
std::string to_metadata(const Owners& owners);

/// Empty when it is nothing that to_metadata() makes: an operator's tool or another program committed.
Owners owners_in(std::string_view metadata);

/// The entry that counts for this ledger; none: it is not among them.
std::optional<std::uint64_t> entry_of(std::uint64_t ledger, const Owners& owners);

/// The metadata of the next commit: our entry, then those who were found, ourselves left out.
Owners with(const Claim& ours, const Owners& found);

}  // namespace runnel::delivery
