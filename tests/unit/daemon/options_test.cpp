#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <options.hpp>

namespace runnel::daemon {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Arguments = std::vector<std::string>;

Options parse(const Arguments& arguments) {
  return parse_options(arguments, nullptr);
}

std::string refusal(const Arguments& arguments) {
  try {
    parse(arguments);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Options, WithoutArgumentsItIsTheService) {
  const auto options = parse({});
  EXPECT_EQ(options.config, "/etc/runnel/runneld.toml");
  EXPECT_FALSE(options.foreground || options.check || options.dump_config || options.demo ||
               options.version || options.help);
  EXPECT_TRUE(options.sets.empty());
}

TEST(Options, TheConfigurationIsTheOptionElseTheVariableElseTheDefault) {
  EXPECT_EQ(parse_options({"-c", "a"}, "b").config, "a");
  EXPECT_EQ(parse_options({"--config=a"}, "b").config, "a");
  EXPECT_EQ(parse_options({"--config", "a"}, "b").config, "a");
  EXPECT_EQ(parse_options({"-ca"}, "b").config, "a");
  EXPECT_EQ(parse_options({}, "b").config, "b");
  EXPECT_EQ(parse_options({}, "").config, "/etc/runnel/runneld.toml");
  EXPECT_EQ(parse({"-c", "-"}).config, "-");
}

TEST(Options, ReadsEveryFlag) {
  EXPECT_TRUE(parse({"-f"}).foreground);
  EXPECT_TRUE(parse({"--foreground"}).foreground);
  EXPECT_TRUE(parse({"--check"}).check);
  EXPECT_TRUE(parse({"--dump-config"}).dump_config);
  EXPECT_TRUE(parse({"--demo"}).demo);
  EXPECT_TRUE(parse({"--version"}).version);
  EXPECT_TRUE(parse({"-h"}).help);
  const auto both = parse({"-fc", "a"});
  EXPECT_TRUE(both.foreground);
  EXPECT_EQ(both.config, "a");
}

TEST(Options, KeepsTheOrderOfSets) {
  EXPECT_THAT(parse({"--set", "a=1", "-f", "--set=b=2", "--set", "a=-3"}).sets,
              ElementsAre("a=1", "b=2", "a=-3"));
}

TEST(Options, HelpStandsBeforeEveryError) {
  EXPECT_TRUE(parse({"--help", "--unknown"}).help);
}

TEST(Options, RefusesAndSaysWhatToDo) {
  EXPECT_EQ(refusal({"--frob"}), "there is no option --frob; see runneld --help");
  EXPECT_EQ(refusal({"-x"}), "there is no option -x; see runneld --help");
  EXPECT_EQ(refusal({"--con", "x"}), "there is no option --con; see runneld --help");
  EXPECT_EQ(refusal({"stray"}),
            "a word stands behind no option; a configuration is given by -c FILE; see runneld --help");
  EXPECT_EQ(refusal({"-c"}), "--config needs a value; write it behind the option; see runneld --help");
  EXPECT_EQ(refusal({"--config="}), "--config needs a value; write it behind the option; see runneld --help");
  EXPECT_EQ(refusal({"-c", ""}), "--config needs a file; write -c FILE, or -c - for standard input");
  EXPECT_EQ(refusal({"-c=a"}), "-c takes its file without a =; write -c FILE or --config=FILE");
  EXPECT_EQ(
      refusal({"--config", "--check"}),
      "--config needs a file but is followed by --check; write -c FILE (and ./ before a name that begins "
      "with -)");
  EXPECT_EQ(refusal({"-c", "a", "-c", "b"}), "--config stands more than once; remove all but one");
  EXPECT_EQ(refusal({"--check=yes"}), "--check takes no value; remove it");
  EXPECT_EQ(refusal({"--set", "a"}),
            "--set number 1 says no key and value; write --set KEY=VALUE, such as --set "
            "kafka.bootstrap.servers=localhost:9092");
  EXPECT_EQ(refusal({"--demo", "-c", "a"}),
            "--demo brings a configuration of its own; leave -c out, or --demo");
  EXPECT_EQ(UsageError::exit_code, 64);
}

TEST(Options, ARefusalShowsNothingThatMayBeAPassword) {
  for (const Arguments& arguments :
       {Arguments{"--set", "kafka.sasl.password hunter2"}, Arguments{"--set", "kafka.sasl.password:hunter2"},
        Arguments{"--kafka.sasl.password=hunter2"}, Arguments{"-phunter2"}, Arguments{"-p=hunter2"},
        Arguments{"--check=hunter2"}, Arguments{"hunter2"}, Arguments{"-c=hunter2"},
        Arguments{"-c", "--set=kafka.sasl.password=hunter2"}}) {
    EXPECT_THAT(refusal(arguments), Not(AnyOf(HasSubstr("hunter2"), "accepted"))) << arguments.front();
  }
}

TEST(Options, HelpNamesEveryOption) {
  for (const auto* option : {"-c, --config", "-f, --foreground", "--set KEY=VALUE", "--check",
                             "--dump-config", "--demo", "--version", "-h, --help", "RUNNEL_CONFIG"}) {
    EXPECT_THAT(help(), HasSubstr(option));
  }
}

}  // namespace
}  // namespace runnel::daemon
