#include "formatters.hpp"

namespace runnel::format {

std::unique_ptr<Formatter> make_formatter(const Format& format) {
  switch (format.kind) {
    case Kind::raw:
      return make_raw();
    case Kind::json:
      return make_json(format.embed);
    case Kind::pattern:
      return make_pattern(format.pattern, false);
  }
  return nullptr;  // not reached: the switch names them all
}

}  // namespace runnel::format
