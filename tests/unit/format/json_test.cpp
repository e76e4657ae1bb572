#include "support/records.hpp"

#include <runnel/format/formatter.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <random>

namespace {

std::atomic<std::size_t> allocations = 0;

}  // namespace

// Not inlined: or g++ sees a free() of what came from an operator new, and warns.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace runnel::format {
namespace {

namespace bj = boost::json;

std::string json(const delivery::Batch& batch, bool embed = false) {
  std::string out;
  const auto formatter = make_formatter({.kind = Kind::json, .embed = embed});
  EXPECT_EQ(formatter->append(batch.records, out, 1 << 30), batch.records.size());
  return out;
}

std::string json_of(tests::Records::Text value, bool embed = false) {
  auto line = json(tests::Records().add(std::move(value)).take(), embed);
  constexpr std::string_view before =
      R"({"topic":"topic","partition":0,"offset":0,"timestamp":null,"key":null,"headers":[],)";
  EXPECT_EQ(line.substr(0, before.size()), before);
  return line.substr(before.size(), line.size() - before.size() - 2);
}
std::string embedded(std::string value) {
  return json_of(std::move(value), true);
}

// The bytes that a string or {"base64": …} stands for, by another way than they went in.
std::string bytes_of(const bj::value& value) {
  if (value.is_string()) return std::string(value.as_string());
  static const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (const char c : value.as_object().at("base64").as_string()) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<unsigned>(digits.find(c));
    count += 6;
    if (count >= 8) bytes.push_back(static_cast<char>(bits >> (count -= 8) & 0xff));
  }
  return bytes;
}

TEST(Json, IsOneObjectALine) {
  tests::Records records;
  records.in("howtousekafka", 3).at(9'007'199'254'740'993);
  records.add(R"({"num": 1})", "a key", 1'700'000'000'123, {{"trace", "abc"}, {"trace", ""}, {"none", {}}});
  records.in("other", 0).at(0).add(std::nullopt);
  EXPECT_EQ(
      json(records.take()),
      R"({"topic":"howtousekafka","partition":3,"offset":9007199254740993,"timestamp":1700000000123,)"
      R"("key":"a key","headers":[["trace","abc"],["trace",""],["none",null]],"value":"{\"num\": 1}"})"
      "\n"
      R"({"topic":"other","partition":0,"offset":0,"timestamp":null,"key":null,"headers":[],"value":null})"
      "\n");
}

TEST(Json, TellsNullFromEmpty) {
  EXPECT_EQ(json_of(std::nullopt), R"("value":null)");
  EXPECT_EQ(json_of(""), R"("value":"")");
}

TEST(Json, EscapesWhatWouldBreakTheLineOrTheString) {
  EXPECT_EQ(json_of("a\"b\\c\nd\re\tf\x01\x1f\x7f"), R"("value":"a\"b\\c\nd\re\tf\u0001\u001f)"
                                                     "\x7f\"");
  EXPECT_EQ(json_of("Grüße 😀"), R"("value":"Grüße 😀")");
}

TEST(Json, GivesWhatIsNotUtf8InBase64) {
  EXPECT_EQ(json_of("\xff"), R"("value":{"base64":"/w=="})");
  EXPECT_EQ(json_of("ab\xff"), R"("value":{"base64":"YWL/"})");
  EXPECT_EQ(json_of("a\xff"), R"("value":{"base64":"Yf8="})");
  for (const std::string bad :
       {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80", "\xf8\x88\x80\x80\x80",
        "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf5\x80\x80\x80"})
    EXPECT_EQ(json_of("good" + bad).substr(0, 19), R"("value":{"base64":")");
  for (const std::string good :
       {"\xc2\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80", "\xe0\xa0\x80"})
    EXPECT_EQ(json_of(good), "\"value\":\"" + good + "\"");
}

TEST(Json, GivesKeysAndHeadersInBase64Too) {
  EXPECT_EQ(json(tests::Records().add("v", "\xff", 0, {{"\xfe", "\xfd"}}).take()),
            R"({"topic":"topic","partition":0,"offset":0,"timestamp":0,"key":{"base64":"/w=="},)"
            R"("headers":[[{"base64":"/g=="},{"base64":"/Q=="}]],"value":"v"})"
            "\n");
}

TEST(Json, LosesNoByteOfAnyKind) {
  std::mt19937 random(7);
  tests::Records records;
  std::vector<std::string> values;
  const auto add = [&](std::string value) {
    records.add(value, value, 1, {{"name", value}});
    values.push_back(std::move(value));
  };
  for (int a = 0; a < 256; ++a) {
    for (std::size_t length = 1; length <= 40; ++length) {  // at every place in a block
      std::string text(length, 'x');
      text[random() % length] = static_cast<char>(a);
      add(text);
    }
  }
  for (std::size_t size : {1023, 1024, 1025, 5000, 100'000, 1 << 20}) {
    std::string text;
    while (text.size() < size) text += static_cast<char>(random() % 128);
    add(text);
    add(text + "ü\n");
    add(text + "\xff");
  }
  const auto lines = json(records.take());
  std::size_t begin = 0;
  for (const auto& value : values) {
    const auto end = lines.find('\n', begin);
    ASSERT_NE(end, lines.npos);
    const auto line = bj::parse(lines.substr(begin, end - begin));
    ASSERT_TRUE(bytes_of(line.at("value")) == value);
    ASSERT_TRUE(bytes_of(line.at("key")) == value);
    ASSERT_TRUE(bytes_of(line.at("headers").at(0).at(1)) == value);
    begin = end + 1;
  }
  EXPECT_EQ(begin, lines.size());
}

TEST(Json, EmbedsJsonAsItIs) {
  EXPECT_EQ(embedded(R"({"a": [1, 1e400, 0.10, 123456789012345678901234567890], "a": "\u0000ü"})"),
            R"("value":{"a": [1, 1e400, 0.10, 123456789012345678901234567890], "a": "\u0000ü"})");
  for (const std::string text : {"1", "-0", "null", "true", "\"text\"", "[]", "{}", " [1] "})
    EXPECT_EQ(embedded(text), "\"value\":" + text);
}

TEST(Json, EmbedsOnOneLine) {
  EXPECT_EQ(embedded("{\n  \"a\":\r\n\t1\n}\n"), "\"value\":{   \"a\":  \t1 } ");
}

TEST(Json, EmbedsOnlyWhatIsJson) {
  for (const std::string text :
       {"", " ", "NaN", "Infinity", "01", "1.", "+1", "{\"a\":1,}", "[1] x", "[1][2]", "{'a':1}", "// c\n1",
        "\xef\xbb\xbf{}", "\"\\ud800\"", "\"a\nb\"", "nul", "{", "[1"})
    EXPECT_EQ(embedded(text), "\"value\":" + bj::serialize(bj::value(text))) << text;
}

TEST(Json, EmbedsNoDeeperThan256) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(embedded(nested(256)), "\"value\":" + nested(256));
  EXPECT_EQ(embedded(nested(257)), "\"value\":\"" + nested(257) + "\"");
  EXPECT_EQ(embedded(std::string(1 << 20, '[')).substr(0, 10), "\"value\":\"[");
}

TEST(Json, EmbedsBytesUnderTheirOwnName) {
  EXPECT_EQ(embedded("\xff"), R"("value_base64":"/w==")");
  EXPECT_EQ(embedded("[\"\xed\xa0\x80\"]"), R"("value_base64":"WyLtoIAiXQ==")");
  EXPECT_EQ(embedded("[\"\xc0\x80\"]"), R"("value_base64":"WyLAgCJd")");
  EXPECT_EQ(json_of(std::nullopt, true), R"("value":null)");
}

TEST(Formats, AllocateNothingForARecord) {
  const Format json{.kind = Kind::json}, embedding{.kind = Kind::json, .embed = true};
  const Format pattern{.kind = Kind::pattern, .pattern = Pattern("%t %p %o %T %k %K %s %S %R %h\n")};
  for (const auto& format : {json, embedding, pattern}) {
    tests::Records records;
    for (int i = 0; i < 100; ++i)
      records.add(i % 3 == 0   ? "{\"n\": [1,2]}"
                  : i % 3 == 1 ? "text with ü"
                               : "\xff",
                  "key", i, {{"a", "b"}});
    const auto batch = records.take();
    const auto formatter = make_formatter(format);
    std::string out;
    formatter->append(batch.records, out, 1 << 30);
    out.clear();
    const std::size_t before = allocations;
    formatter->append(batch.records, out, 1 << 30);
    EXPECT_EQ(allocations, before);
  }
}

TEST(Json, StopsWhenThereIsEnoughButTakesAtLeastOne) {
  const auto batch = tests::Records().add("1").add("2").add("3").take();
  const auto formatter = make_formatter({.kind = Kind::json});
  std::string out = "before";
  EXPECT_EQ(formatter->append(batch.records, out, 0), 1);
  EXPECT_EQ(out.substr(0, 7), "before{");
  EXPECT_EQ(out.substr(out.size() - 2), "}\n");
  EXPECT_EQ(formatter->append(batch.records.subspan(1), out, out.size() + 1), 1);
  EXPECT_TRUE(formatter->wants_headers());
}

}  // namespace
}  // namespace runnel::format
