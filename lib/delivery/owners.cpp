#include <runnel/delivery/owners.hpp>
#include <runnel/delivery/words.hpp>

#include <algorithm>

namespace runnel::delivery {
namespace {

// Another version would be another word here, and be taken for a foreigner's by this one.
constexpr std::string_view mark = "runnel1";

}  // namespace

std::string to_metadata(const Owners& owners) {
  std::string text(mark);
  for (const auto& [ledger, entry] : owners) {
    const auto claim = ' ' + to_hex(ledger) + ':' + std::to_string(entry);
    if (text.size() + claim.size() > most_metadata) break;
    text += claim;
  }
  return text;
}

Owners owners_in(std::string_view metadata) {
  Owners owners;
  if (metadata.size() > most_metadata || take_word(metadata) != mark) return {};
  while (!metadata.empty()) {
    auto claim = take_word(metadata);
    const auto ledger = take_word(claim, ':');
    const auto id = number_in<std::uint64_t>(ledger, 16);
    const auto entry = number_in<std::uint64_t>(claim);
    if (ledger.size() != 16 || !id || !entry) return {};
    owners.push_back({*id, *entry});
  }
  return owners;
}

std::optional<std::uint64_t> entry_of(std::uint64_t ledger, const Owners& owners) {
  const auto claim = std::ranges::find(owners, ledger, &Claim::ledger);
  if (claim == owners.end()) return std::nullopt;
  return claim->entry;
}

Owners with(const Claim& ours, const Owners& found) {
  Owners owners{ours};
  for (const auto& claim : found)
    if (claim.ledger != ours.ledger) owners.push_back(claim);
  return owners;
}

}  // namespace runnel::delivery
