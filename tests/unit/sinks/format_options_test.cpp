#include "sinks/format_options.hpp"

#include <runnel/config/config.hpp>
#include <runnel/sinks/registry.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace runnel::sinks {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

config::Config load(const std::string& sink) {
  std::vector<config::SinkKind> kinds;
  for (const auto& kind : registry()) kinds.push_back(kind.config);
  return config::load({"[sink.s]\ntype = 'stdout'\n" + sink, "t.toml", {}, true}, kinds);
}

format::Format chosen(const std::string& sink) {
  return dynamic_cast<const FormatOptions&>(*load(sink).sinks.at(0).options).chosen();
}

std::string refusal(const std::string& sink) {
  try {
    load(sink);
  } catch (const config::Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(FormatOptions, ChooseTheFormat) {
  EXPECT_EQ(chosen("").kind, format::Kind::raw);
  EXPECT_EQ(chosen("format = 'json'").kind, format::Kind::json);
  EXPECT_TRUE(chosen("format = 'json'\nembed = true").embed);
  const auto pattern = chosen("format = 'pattern'\npattern = '%k\\n'");
  EXPECT_EQ(pattern.kind, format::Kind::pattern);
  EXPECT_EQ(pattern.pattern.pieces(), format::Pattern("%k\n").pieces());
}

TEST(FormatOptions, AFormatAndAPatternStandTogether) {
  EXPECT_EQ(refusal("format = 'pattern'"),
            "t.toml:1:7: sink.s.pattern: it is missing; say what to write for each record, such as pattern = "
            "'%k: %s\\n'");
  for (const std::string format : {"", "format = 'raw'\n", "format = 'json'\n"}) {
    EXPECT_THAT(
        refusal(format + "pattern = '%s'"),
        HasSubstr(": sink.s.pattern: it is for format = \"pattern\" alone; write that, or remove this "
                  "key"));
  }
}

TEST(FormatOptions, APatternIsCheckedWhenItIsLoaded) {
  EXPECT_THAT(
      refusal("format = 'pattern'\npattern = '%s %q'"),
      StartsWith("t.toml:4:1: sink.s.pattern: \"%s %q\": there is no token %q; there are %s value, "));
  EXPECT_THAT(refusal("format = 'pattern'\npattern = ''"), HasSubstr("it is empty"));
}

TEST(FormatOptions, APatternFromElsewhereIsNotShown) {
  ::setenv("RUNNEL_TEST_PATTERN", "%q", 1);
  EXPECT_THAT(refusal("format = 'pattern'\npattern = { env = 'RUNNEL_TEST_PATTERN' }"),
              AllOf(HasSubstr("sink.s.pattern: "), HasSubstr("cannot stand here"), Not(HasSubstr("%q"))));
  ::unsetenv("RUNNEL_TEST_PATTERN");
}

}  // namespace
}  // namespace runnel::sinks
