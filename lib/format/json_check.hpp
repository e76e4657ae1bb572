#pragma once

#include <memory>
#include <string_view>

namespace runnel::format {

/// Tells whether bytes are JSON (RFC 8259: any value, UTF-8, nothing behind it), nested at most 256 deep.
/// Repeated names and numbers of any size are fine: nothing is read out of it. Thread: one at a time.
class JsonCheck {
 public:
  JsonCheck();
  ~JsonCheck();

  bool valid(std::string_view text);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace runnel::format
