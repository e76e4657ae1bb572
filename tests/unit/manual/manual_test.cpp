#include <runnel/config/config.hpp>
#include <runnel/sinks/registry.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <options.hpp>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

// The man pages, as they were built, tell of every option and of every key.
namespace runnel {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string read(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string without(std::string text, const std::string& what) {
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at)) text.erase(at, what.size());
  return text;
}

/// The page as its reader sees it, more or less: without fonts and escapes.
std::string page(const std::string& name) {
  auto text = read(RUNNEL_MAN_DIR "/" + name);
  for (const auto* what : {"\\fB", "\\fI", "\\fR", "\\&", "\\"}) text = without(text, what);
  return text;
}

std::string section(const std::string& page, const std::string& heading) {
  const auto begin = page.find("\n" + heading + "\n");
  if (begin == page.npos) return "";
  const auto end = std::min(page.find("\n.SH ", begin + 1), page.find("\n.SS ", begin + 1));
  return page.substr(begin, end - begin);
}

/// As a key stands at the head of its paragraph.
std::string head(const config::Field& field, const std::string& before = "") {
  return "\n" + before + std::string(field.key) + " (";
}

void expect_told(const std::string& text, const std::vector<config::Field>& fields,
                 const std::string& before = "") {
  for (const auto& field : fields) EXPECT_THAT(text, HasSubstr(head(field, before)));
}

/// Every -x and --word of a text.
std::set<std::string> options_in(const std::string& text) {
  std::set<std::string> found;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    while (!word.empty() && (word.front() == '[' || word.front() == '(')) word.erase(0, 1);
    const auto end = word.find_first_not_of("-abcdefghijklmnopqrstuvwxyz");
    word = word.substr(0, end);
    if (word.size() > 1 && word.front() == '-') found.insert(word);
  }
  return found;
}

TEST(Runneld8, TellsOfEveryOptionOfTheHelp) {
  const auto text = section(page("runneld.8"), ".SH OPTIONS");
  const auto told = options_in(without(text, ","));
  const auto options = options_in(without(daemon::help(), ","));
  EXPECT_GE(options.size(), 11U);
  for (const auto& option : options) EXPECT_TRUE(told.contains(option)) << option;
}

TEST(RunneldToml5, TellsOfEveryKeyOfEachTable) {
  const auto text = page("runneld.toml.5");
  expect_told(section(text, ".SH [runnel]"), config::Runnel().fields());
  expect_told(section(text, ".SH [producer.NAME]"), config::Producer().fields());
  expect_told(section(text, ".SH [consumer.NAME]"), config::Consumer().fields());
  expect_told(section(text, ".SH [consumer.NAME]"), config::Checkpoint().fields(), "checkpoint.");
}

TEST(RunneldToml5, TellsOfEveryTypeOfSinkAndItsKeys) {
  const auto text = page("runneld.toml.5");
  for (const auto& kind : sinks::registry()) {
    const auto told = section(text, ".SS Of type " + std::string(kind.config.type));
    EXPECT_THAT(told, HasSubstr(kind.config.doc));
    expect_told(told, kind.config.options()->fields());
  }
}

TEST(RunneldToml5, SaysTypeLimitsAndDefault) {
  const auto told = section(page("runneld.toml.5"), ".SH [runnel]");
  EXPECT_THAT(told, HasSubstr("\nmemory (size)\n"));
  EXPECT_THAT(told, HasSubstr("From 1MiB to 64GiB. Default: \"64MiB\"."));
}

TEST(RunneldToml5, LeavesNoMarkerOfItsFrame) {
  EXPECT_THAT(page("runneld.toml.5"), Not(HasSubstr("\n@")));
}

}  // namespace
}  // namespace runnel
