#include "formatters.hpp"

namespace runnel::format {
namespace {

class Raw final : public Formatter {
 public:
  std::size_t append(std::span<const delivery::Record> records, std::string& out,
                     std::size_t enough) override {
    std::size_t taken = 0;
    for (const auto& record : records) {
      if (record.value) out.append(*record.value);
      out.push_back('\n');
      ++taken;
      if (out.size() >= enough) break;
    }
    return taken;
  }

  bool wants_headers() const override { return false; }
};

}  // namespace

std::unique_ptr<Formatter> make_raw() {
  return std::make_unique<Raw>();
}

}  // namespace runnel::format
