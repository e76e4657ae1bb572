#include "formatters.hpp"
namespace runnel::format {
std::unique_ptr<Formatter> make_json(bool) {
  return make_raw();
}
}  // namespace runnel::format
