#include "fake_kinds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

namespace runnel::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// A directory with a file "pw", which is also the directory of the credentials, and a variable.
class ReferenceTest : public ::testing::Test {
 protected:
  ReferenceTest() {
    std::string pattern = ::testing::TempDir() + "runnel-XXXXXX";
    directory = ::mkdtemp(pattern.data());
    std::ofstream(directory / "pw") << "hunter2\n\n";
    ::setenv("CREDENTIALS_DIRECTORY", directory.c_str(), 1);
    ::setenv("RUNNEL_TEST_SECRET", "hunter2", 1);
  }
  ~ReferenceTest() override {
    ::unsetenv("CREDENTIALS_DIRECTORY");
    ::unsetenv("RUNNEL_TEST_SECRET");
    std::filesystem::remove_all(directory);
  }

  std::filesystem::path directory;
};

TEST_F(ReferenceTest, APropertyMayComeFromAFileTheEnvironmentOrACredential) {
  const auto config = load_text("[kafka]\na = { file = '" + (directory / "pw").string() +
                                "' }\nb = { env = 'RUNNEL_TEST_SECRET' }\nc.d = { credential = 'pw' }");
  EXPECT_EQ(config.kafka.at("a").value, "hunter2\n") << "without one newline";
  EXPECT_EQ(config.kafka.at("b").value, "hunter2");
  EXPECT_EQ(config.kafka.at("c.d").value, "hunter2\n");
  for (const auto& [name, property] : config.kafka) EXPECT_TRUE(property.secret) << name;
}

TEST_F(ReferenceTest, ACredentialThatNobodyCanReadHereStandsForATextThatIsNotKnown) {
  ::unsetenv("CREDENTIALS_DIRECTORY");
  Input input;
  input.text =
      "[kafka]\nsasl.password = { credential = 'pw' }\n[sink.f]\ntype = 'fake'\npath = 'p'\n"
      "list = [{ credential = 'x' }]";
  input.allow_empty = true;
  EXPECT_THROW(load(input, fake_kinds), Error);
  input.hidden_credentials = true;
  EXPECT_EQ(load(input, fake_kinds).kafka.at("sasl.password").value, "pw");
}

TEST_F(ReferenceTest, SoMayAnyOtherString) {
  const auto config = load_text(
      "[sink.f]\ntype = 'fake'\npath = { env = 'RUNNEL_TEST_SECRET' }\n"
      "list = ['a', { env = 'RUNNEL_TEST_SECRET' }]");
  const auto& options = dynamic_cast<const FakeOptions&>(*config.sinks.at(0).options);
  EXPECT_EQ(options.path, "hunter2");
  EXPECT_THAT(options.list, ElementsAre("a", "hunter2"));
}

TEST_F(ReferenceTest, TheEnvironmentSuppliesAlsoWhatASetOverrides) {
  const auto config =
      load_text("[kafka]\nsasl.password = 'x'", {"kafka.sasl.password={env='RUNNEL_TEST_SECRET'}"});
  EXPECT_EQ(config.kafka.at("sasl.password").value, "hunter2");
}

TEST_F(ReferenceTest, WhatIsNotThereIsNamed) {
  EXPECT_EQ(
      refusal("[kafka]\na = { file = '/nowhere/pw' }"),
      "t.toml:2:1: kafka.a: /nowhere/pw cannot be read: No such file or directory; make it readable for "
      "runneld or correct the path");
  EXPECT_EQ(
      refusal("[kafka]\na = { file = '/' }"),
      "t.toml:2:1: kafka.a: / cannot be read: Is a directory; make it readable for runneld or correct the "
      "path");
  EXPECT_EQ(
      refusal("[kafka]\na = { env = 'RUNNEL_TEST_NOTHING' }"),
      "t.toml:2:1: kafka.a: the environment variable RUNNEL_TEST_NOTHING is not set; set it or remove this "
      "key");
  EXPECT_THAT(refusal("[kafka]\na = { credential = 'other' }"),
              HasSubstr("/other cannot be read: No such file or directory; give it to the unit by "
                        "LoadCredential=other:/path/to/file"));
  EXPECT_EQ(refusal("[kafka]\na = { credential = '../pw' }"),
            "t.toml:2:1: kafka.a: \"../pw\" is no name of a credential: it holds a /, or nothing");
  ::unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_EQ(
      refusal("[kafka]\na = { credential = 'pw' }"),
      "t.toml:2:1: kafka.a: there is no credential pw: $CREDENTIALS_DIRECTORY is not set; give it to the "
      "unit by LoadCredential=pw:/path/to/file");
}

TEST_F(ReferenceTest, AMessageShowsTheReferenceAndNotTheValue) {
  const std::string fake = "[sink.f]\ntype = 'fake'\npath = 'p'\n";
  const std::string reference = "{ env = 'RUNNEL_TEST_SECRET' }";
  EXPECT_EQ(
      refusal(fake + "pause = " + reference),
      "t.toml:4:1: sink.f.pause: the text from { env = \"RUNNEL_TEST_SECRET\" } is no duration; write a "
      "whole number and ms, s, m, h or d: \"250ms\"");
  ::setenv("RUNNEL_TEST_SECRET", "{hunter2}", 1);
  for (const auto& text :
       {"[sink.f]\ntype = 'fake'\npath = " + reference, "[sink.f]\ntype = " + reference,
        fake + "choice = " + reference, "[kafka]\nauto.offset.reset = " + reference,
        "kafka.bootstrap.servers='b'\n[sink.n]\ntype='null'\n[consumer.c]\ntopics = [" + reference +
            "]\nsinks = ['n']",
        "kafka.bootstrap.servers='b'\n[sink.n]\ntype='null'\n[consumer.c]\ntopics = ['t']\nsinks = [" +
            reference + "]"}) {
    const auto message = refusal(text);
    EXPECT_THAT(message, HasSubstr("RUNNEL_TEST_SECRET")) << text;
    EXPECT_THAT(message, Not(HasSubstr("hunter2"))) << text;
  }
}

TEST_F(ReferenceTest, EverythingThatMayNotBePrintedIsKnown) {
  const auto config = load_text(
      "[runnel]\nstate_dir = { env = 'RUNNEL_TEST_SECRET' }\n"
      "[kafka]\nsasl.password = 'key'\nclient.id = { credential = 'pw' }\nclient.rack = 'open'\n"
      "bootstrap.servers = 'a:1,SASL_SSL://me:in-an-address@b:2'\n"
      "[producer.p]\ntopic = 't'\nvalue = 'v'\nheaders = [['n', { env = 'RUNNEL_TEST_SECRET' }]]\n"
      "kafka.ssl.key.pem = 'pem'\n"
      "[sink.f]\ntype = 'fake'\npath = 'p'\nlist = ['a', { env = 'RUNNEL_TEST_SECRET' }]");
  const auto all = secrets(config);
  EXPECT_EQ(std::ranges::count(all, "hunter2"), 3);
  EXPECT_EQ(std::set(all.begin(), all.end()),
            (std::set<std::string>{"hunter2", "key", "hunter2\n", "in-an-address", "pem"}));
  EXPECT_THAT(dump(config), Not(HasSubstr("in-an-address")));
}

TEST_F(ReferenceTest, ADumpShowsTheReferenceAndReadsBackAsTheSame) {
  const auto config = load_text(
      "[runnel]\nstate_dir = { env = 'RUNNEL_TEST_SECRET' }\n"
      "[kafka]\nsasl.password = { credential = 'pw' }\nssl.key.password = 'hunter2'\n"
      "[sink.f]\ntype = 'fake'\npath = 'p'\nlist = ['a', { env = 'RUNNEL_TEST_SECRET' }]\n"
      "pairs = [['n', { env = 'RUNNEL_TEST_SECRET' }]]");
  const auto text = dump(config);
  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  EXPECT_THAT(text, HasSubstr("state_dir = { env = \"RUNNEL_TEST_SECRET\" }\n"));
  EXPECT_THAT(text, HasSubstr("\"sasl.password\" = { credential = \"pw\" }\n"));
  EXPECT_THAT(text, HasSubstr("\"ssl.key.password\" = \"(hidden)\"\n"));
  EXPECT_THAT(text, HasSubstr("list = [\"a\", { env = \"RUNNEL_TEST_SECRET\" }]\n"));
  const auto again = load_text(text);
  EXPECT_EQ(again.runnel.state_dir, "hunter2");
  EXPECT_EQ(again.kafka.at("sasl.password").value, "hunter2\n");
  EXPECT_EQ(dump(again), text);
}

}  // namespace
}  // namespace runnel::config
