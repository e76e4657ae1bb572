// Says whether a file holds each of the records 0 to COUNT - 1 once, every byte of their values as bench_fill
// made them. A line is a value (raw), or Runnel's JSON with the value as its last member (json). Exits with 1
// if not.
//
//   count_records raw|json COUNT SIZE FILE
//   count_records --self-test
#include "values.hpp"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <vector>

namespace runnel::bench {
namespace {

struct Found {
  std::uint64_t lost = 0;
  std::uint64_t doubled = 0;
  std::uint64_t foreign = 0;  // lines that are no record of this topic, or not whole

  bool right() const { return lost + doubled + foreign == 0; }
};

std::string_view value_of(std::string_view line, bool json) {
  if (!json) return line;
  static constexpr std::string_view before = R"("value":")";
  static constexpr std::string_view after = R"("})";
  const auto begin = line.find(before);
  if (begin == line.npos || !line.ends_with(after)) return {};
  line.remove_suffix(after.size());
  return line.substr(begin + before.size());
}

Found count(std::istream& lines, bool json, std::uint64_t expected, std::size_t size) {
  const Values values(size);
  std::vector<bool> seen(expected);
  Found found;
  std::uint64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    const bool whole = !lines.eof();
    if (!whole || !values.read(value_of(line, json), number) || number >= expected) {
      ++found.foreign;
    } else if (seen[number]) {
      ++found.doubled;
    } else {
      seen[number] = true;
    }
  }
  for (const bool each : seen) found.lost += each ? 0 : 1;
  return found;
}

int self_test() {
  constexpr std::size_t size = 20;
  const Values values(size);
  const auto value = [&](std::uint64_t number) {
    std::string text(size, ' ');
    values.write(number, text.data());
    return text;
  };
  const auto json = [&](std::uint64_t number) {
    return R"({"topic":"t","offset":)" + std::to_string(number) + R"(,"value":")" + value(number) + "\"}\n";
  };
  int failed = 0;
  const auto expect = [&](const char* what, const std::string& text, bool as_json, Found wanted) {
    std::istringstream lines(text);
    const auto found = count(lines, as_json, 3, size);
    if (found.lost == wanted.lost && found.doubled == wanted.doubled && found.foreign == wanted.foreign)
      return;
    ++failed;
    std::printf("self-test: %s: lost %llu, doubled %llu, foreign %llu\n", what,
                static_cast<unsigned long long>(found.lost), static_cast<unsigned long long>(found.doubled),
                static_cast<unsigned long long>(found.foreign));
  };
  const auto a = value(0) + "\n", b = value(1) + "\n", c = value(2) + "\n";
  auto changed = b;
  changed[size - 1] = '!';
  expect("all, in any order", c + a + b, false, {});
  expect("all as JSON", json(0) + json(2) + json(1), true, {});
  expect("an empty file", "", false, {.lost = 3});
  expect("one lost", a + c, false, {.lost = 1});
  expect("one doubled", a + b + b + c, false, {.doubled = 1});
  expect("one cut short at the end", a + b + c.substr(0, size), false, {.lost = 1, .foreign = 1});
  expect("a byte changed", a + changed + c, false, {.lost = 1, .foreign = 1});
  expect("one too many", a + b + c + value(3) + "\n", false, {.foreign = 1});
  expect("two in one line", a + b.substr(0, size) + c, false, {.lost = 2, .foreign = 1});
  expect("raw where JSON was wanted", a + b + c, true, {.lost = 3, .foreign = 3});
  std::printf("count_records: self-test: %d failed\n", failed);
  return failed == 0 ? 0 : 1;
}

int main(const std::vector<std::string>& arguments) {
  if (arguments.size() == 1 && arguments[0] == "--self-test") return self_test();
  if (arguments.size() != 4 || (arguments[0] != "raw" && arguments[0] != "json")) {
    std::fputs("count_records raw|json COUNT SIZE FILE\n", stderr);
    return 64;
  }
  std::ifstream file(arguments[3]);
  if (!file) {
    std::perror(arguments[3].c_str());
    return 1;
  }
  const auto found =
      count(file, arguments[0] == "json", std::stoull(arguments[1]), std::stoull(arguments[2]));
  std::cout << "lost " << found.lost << ", doubled " << found.doubled << ", foreign " << found.foreign
            << '\n';
  return found.right() ? 0 : 1;
}

}  // namespace
}  // namespace runnel::bench

int main(int argc, char** argv) {
  return runnel::bench::main({argv + 1, argv + argc});
}
