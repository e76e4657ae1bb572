#include <runnel/delivery/backoff.hpp>

#include <algorithm>

namespace runnel::delivery {
namespace {

/// SplitMix64: unlike the standard distributions, the same numbers with every standard library.
std::uint64_t draw(std::uint64_t& state) {
  auto z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

Backoff::Backoff(BackoffParams params) : params_(params), wait_(params.first) {}

std::chrono::milliseconds Backoff::next() {
  auto wait = std::min(wait_, params_.most);
  wait_ = wait * 2;
  if (!params_.seed) return wait;
  auto half = wait / 2;
  auto choices = static_cast<std::uint64_t>(half.count()) + 1;
  return wait - half + std::chrono::milliseconds(draw(*params_.seed) % choices);
}

}  // namespace runnel::delivery
