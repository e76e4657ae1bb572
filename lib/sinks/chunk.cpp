#include "chunk.hpp"

namespace runnel::sinks {

void Chunk::fill(std::span<const delivery::Record>& records) {
  while (!full() && !records.empty()) {
    const auto taken = formatter_->append(records, bytes_, enough);
    records_.push_back(records.first(taken));
    records = records.subspan(taken);
  }
  if (bytes_.empty()) records_.clear();  // a pattern may make nothing of a record
}

void Chunk::wrote(std::size_t count) {
  written_ += count;
  if (written_ == bytes_.size()) drop();
}

void Chunk::drop() {
  constexpr std::size_t most_kept = 4 * enough;  // one huge record must not stay as memory
  if (bytes_.capacity() > most_kept) std::string().swap(bytes_);
  bytes_.clear();
  records_.clear();
  written_ = 0;
}

void Chunk::drop_unbegun() {
  if (written_ == 0) return drop();
  if (records_.empty()) return;
  // Where each record ends is not remembered, for this is rare: formatted again, one by one, they tell.
  std::string again;
  for (const auto& run : std::exchange(records_, {})) {
    for (std::size_t i = 0; i < run.size() && again.size() < written_; ++i) {
      formatter_->append(run.subspan(i, 1), again, 1);
    }
  }
  bytes_.resize(again.size());
  wrote(0);  // nothing is left when writing had stopped between two records
}

}  // namespace runnel::sinks
