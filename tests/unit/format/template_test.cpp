#include "support/temporary_directory.hpp"

#include <runnel/format/template.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

namespace runnel::format {
namespace {

using ::testing::HasSubstr;

/// Local time is New York's while a test runs.
class TemplateTest : public ::testing::Test {
 protected:
  TemplateTest() {
    ::setenv("TZ", "EST5EDT,M3.2.0,M11.1.0", 1);
    ::tzset();
  }
  ~TemplateTest() override {
    ::unsetenv("TZ");
    ::tzset();
  }

  // 2024-07-01 03:04:05.999 UTC
  Values values{.time = std::chrono::system_clock::time_point(std::chrono::milliseconds(1719803045999)),
                .seq = 42,
                .name = "heartbeat",
                .topic = "orders",
                .partition = 3};

  std::string heartbeat(std::string_view text) { return Template(text, Use::heartbeat).render(values); }
  std::string path(std::string_view text) { return Template(text, Use::path).render(values); }
  std::string path_of(std::string_view topic) {
    values.topic = topic;
    return path("{topic}");
  }
};

std::string refusal(std::string_view text, Use use = Use::heartbeat) {
  try {
    Template{text, use};
  } catch (const TemplateError& error) {
    return error.what();
  }
  return "accepted";
}

TEST_F(TemplateTest, ReplacesWhatTheHeartbeatOffers) {
  EXPECT_EQ(heartbeat("{name} {seq}"), "heartbeat 42");
  EXPECT_EQ(heartbeat(R"({"num": {seq}, "ts": "{time:%Y-%m-%d %H:%M:%S}"})"),
            R"({"num": 42, "ts": "2024-06-30 23:04:05"})");
  EXPECT_EQ(heartbeat("{utc:%Y-%m-%dT%H:%M:%SZ}"), "2024-07-01T03:04:05Z");
  EXPECT_FALSE(heartbeat("{hostname}").empty());
}

TEST_F(TemplateTest, ReplacesWhatAPathOffers) {
  EXPECT_EQ(path("/var/log/{topic}/{partition}.{utc:%Y/%m/%d}"), "/var/log/orders/3.2024/07/01");
}

TEST_F(TemplateTest, LeavesEveryOtherBraceAlone) {
  EXPECT_EQ(heartbeat(R"({"a": {"b": {}}})"), R"({"a": {"b": {}}})");
  EXPECT_EQ(heartbeat("{{seq}"), "{seq}");
  EXPECT_EQ(heartbeat("{{{seq}}"), "{42}");
  EXPECT_EQ(heartbeat("{ {1} } {"), "{ {1} } {");
  EXPECT_EQ(heartbeat(""), "");
}

TEST_F(TemplateTest, TimesBeforeTheEpochRoundDown) {
  values.time = std::chrono::system_clock::time_point(std::chrono::milliseconds(-1));
  EXPECT_EQ(heartbeat("{utc:%F %T}"), "1969-12-31 23:59:59");
}

TEST_F(TemplateTest, AFormatMayGiveNothingOrMuch) {
  EXPECT_EQ(heartbeat("[{utc:%%}]"), "[%]");
  EXPECT_EQ(heartbeat("{utc:" + std::string(500, 'x') + "}"), std::string(500, 'x'));
}

TEST_F(TemplateTest, ATopicCannotLeaveItsDirectory) {
  EXPECT_EQ(path_of("../../etc/passwd"), "%2E%2E%2F%2E%2E%2Fetc%2Fpasswd");
  EXPECT_EQ(path_of("."), "%2E");
  EXPECT_EQ(path_of("a.b-c_d"), "a.b-c_d");
  EXPECT_EQ(path_of("a\n\x7f"), "a%0A%7F");
  EXPECT_EQ(path_of(std::string_view("a\0b", 3)), "a%00b");
}

TEST_F(TemplateTest, DifferentTopicsKeepDifferentPaths) {
  EXPECT_NE(path_of("a/b"), path_of("a%2Fb"));
  const std::string long_a = std::string(249, 'x') + "a";
  const std::string long_b = std::string(249, 'x') + "b";
  EXPECT_EQ(path_of(long_a).size(), 200U);
  EXPECT_NE(path_of(long_a), path_of(long_b));
}

TEST(Templates, KnowWhatEveryResultBeginsWith) {
  const auto beginning = [](std::string_view text) { return Template(text, Use::path).beginning(); };
  EXPECT_EQ(beginning("/out/{topic}/{partition}"), "/out/");
  EXPECT_EQ(beginning("/out/{{topic}/{partition}"), "/out/{topic}/") << "{{ begins no placeholder";
  EXPECT_EQ(beginning("/out/{1}{{/a"), "/out/{1}{/a") << "nor does a { without a name";
  EXPECT_EQ(beginning("{topic}.jsonl"), "");
  EXPECT_EQ(beginning(""), "");
}

TEST(Templates, KnowWhetherEveryResultIsTheSame) {
  EXPECT_TRUE(Template("/out/{{topic}", Use::path).is_constant());
  EXPECT_TRUE(Template("", Use::path).is_constant());
  EXPECT_FALSE(Template("/out/{topic}", Use::path).is_constant());
  EXPECT_FALSE(Template("{topic}", Use::path).is_constant());
}

TEST_F(TemplateTest, OfOnePathIsResolvedToOneHoweverItIsSpelled) {
  const tests::TemporaryDirectory made;
  const auto directory = std::filesystem::canonical(made / "").string();
  std::filesystem::create_directory(made / "out");
  std::filesystem::create_directory_symlink(made / "out", made / "link");
  Values topic;
  topic.topic = "orders";
  const auto resolved = [&](const std::string& text) {
    return Template(text, Use::path).resolved().render(topic);
  };
  const auto here = std::filesystem::current_path();
  std::filesystem::current_path(directory);
  for (const auto& prefix : std::vector<std::string>{"", "./", "link/../", "out/../", directory + "/",
                                                     directory + "//", directory + "/link/../out/../"}) {
    EXPECT_EQ(resolved(prefix + "out/{topic}"), directory + "/out/orders") << prefix;
    EXPECT_EQ(resolved(prefix + "link/all-{topic}"), directory + "/out/all-orders") << prefix;
    EXPECT_EQ(resolved(prefix + "link/not/yet/all"), directory + "/out/not/yet/all") << prefix;
    EXPECT_EQ(resolved(prefix + "{topic}"), directory + "/orders") << prefix;
  }
  std::filesystem::current_path(here);
  EXPECT_EQ(resolved("/{topic}"), "/orders");
}

TEST_F(TemplateTest, KnowsWhetherItUsesTheTime) {
  EXPECT_TRUE(Template("{time:%F}", Use::path).uses_time());
  EXPECT_TRUE(Template("{utc:%F}", Use::path).uses_time());
  EXPECT_FALSE(Template("{topic}", Use::path).uses_time());
}

TEST_F(TemplateTest, KnowsWhetherItUsesThePartition) {
  EXPECT_TRUE(Template("{topic}-{partition}", Use::path).uses_partition());
  EXPECT_FALSE(Template("{topic}-{utc:%F}", Use::path).uses_partition());
}

TEST(TemplateErrors, NameThePlaceholderAndWhatIsKnown) {
  EXPECT_EQ(
      refusal("{sec}"),
      "there is no placeholder {sec} here; did you mean seq? Known here: seq, time, utc, hostname, name; "
      "a { that begins no placeholder is written {{");
  EXPECT_EQ(refusal("{seq}", Use::path),
            "there is no placeholder {seq} here. Known here: topic, partition, time, utc, hostname; "
            "a { that begins no placeholder is written {{");
  EXPECT_THAT(refusal("{topic}"), HasSubstr("no placeholder {topic} here"));
  EXPECT_EQ(
      refusal("a {seq"),
      "the placeholder {seq is not finished: it needs a }; a { that begins no placeholder is written {{");
  EXPECT_EQ(refusal("{seq:%d}"),
            "the placeholder {seq is followed by \":%d\": it needs a }; a { that begins no placeholder is "
            "written {{");
  EXPECT_THAT(refusal("{time}"), HasSubstr("needs a format, as in {time:%Y-%m-%d}"));
  EXPECT_THAT(refusal("{utc:}"), HasSubstr("needs a format, as in {utc:%Y-%m-%d}"));
  EXPECT_EQ(refusal("{utc:%Y-%Q}"), "{utc:%Y-%Q}: strftime(3) knows no %Q; a literal % is written %%");
  EXPECT_EQ(refusal("{utc:100%}"), "{utc:100%}: strftime(3) knows no %; a literal % is written %%");
}

}  // namespace
}  // namespace runnel::format
