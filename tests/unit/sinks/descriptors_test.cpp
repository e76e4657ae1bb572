#include "sinks/file.hpp"
#include "sinks/ledger_store.hpp"
#include "support/fake_disk.hpp"
#include "support/records.hpp"
#include "support/run.hpp"
#include "support/temporary_directory.hpp"

#include <runnel/sinks/descriptors.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

namespace runnel::sinks {
namespace {

using flow::Outcome;
using testing::HasSubstr;

constexpr int many = 8;

// Sinks and a ledger of one process, of which one sink has many files, and nothing to do.
class DescriptorsOfAll : public testing::Test {
 protected:
  DescriptorsOfAll() {
    EXPECT_EQ(write("idle").outcome, Outcome::done);
    EXPECT_EQ(prepare("idle").outcome, Outcome::done);
    EXPECT_EQ(disk_.open_now(), many);
    disk_.descriptors = many;  // all are taken
  }

  FileSink& sink(const std::string& name) {
    auto& found = sinks_[name];
    FileOptions options;
    options.path = dir_ / (name + "/{partition}");
    options.format = "raw";
    const Context context{name, "flow", loop_.get_executor(), clock_, {}, &descriptors_};
    if (!found) found = std::make_unique<FileSink>(options, context, disk_);
    return *found;
  }
  delivery::Batch batch() {
    for (int i = 0; i < many; ++i) records_.in("t", i).add("x");
    return records_.take();
  }
  flow::Delivered deliver(const std::string& name, const delivery::Batch& batch) {
    return tests::run(loop_, sink(name).deliver(batch, patient_));
  }
  flow::Delivered write(const std::string& name) {
    const auto one = batch();
    const auto first = deliver(name, one);
    return first.outcome == Outcome::unannounced ? deliver(name, one) : first;
  }
  flow::Delivered prepare(const std::string& name) { return tests::run(loop_, sink(name).prepare(patient_)); }

  tests::TemporaryDirectory dir_;
  tests::FakeDisk disk_;
  async::asio::io_context loop_;
  flow::RealClock clock_;
  flow::Hurry patient_;
  tests::Records records_;
  Descriptors descriptors_;
  std::map<std::string, std::unique_ptr<FileSink>> sinks_;
};

TEST_F(DescriptorsOfAll, AreGivenToASinkThatHasNone) {
  const auto refused = write("other");
  EXPECT_EQ(refused.outcome, Outcome::failed);
  EXPECT_THAT(refused.reason, HasSubstr("Too many open files; raise LimitNOFILE= of the unit, or ulimit -n"));
  EXPECT_EQ(write("other").outcome, Outcome::done);
  EXPECT_EQ(write("idle").outcome, Outcome::done) << "whoever gave some can go on, too";
}

TEST_F(DescriptorsOfAll, AreGivenToALedger) {
  LedgerStore store({"flow", "group", dir_ / "state", {}, &descriptors_}, loop_.get_executor(), clock_,
                    disk_);
  EXPECT_EQ(tests::run(loop_, store.open("cluster", patient_)).outcome, Outcome::failed);
  EXPECT_EQ(tests::run(loop_, store.open("cluster", patient_)).outcome, Outcome::done);
  disk_.descriptors = disk_.open_now();
  const auto see_free = [&] { return tests::run(loop_, store.see_free({"/out/0"}, patient_)).outcome; };
  EXPECT_EQ(see_free(), Outcome::failed);
  EXPECT_EQ(see_free(), Outcome::done);
}

TEST_F(DescriptorsOfAll, AreGivenByASinkToItself) {
  std::filesystem::create_directory(dir_ / "idle");
  std::filesystem::remove(dir_ / "idle/0");
  EXPECT_EQ(write("idle").outcome, Outcome::done);
  EXPECT_EQ(prepare("idle").outcome, Outcome::failed) << "to sync the directory takes one";
  EXPECT_EQ(prepare("idle").outcome, Outcome::done);
}

TEST_F(DescriptorsOfAll, AreKeptByASinkThatHasACallUnderWay) {
  disk_.hang();
  const auto one = batch();
  flow::Hurry hurry;
  auto delivering = tests::start(loop_, sink("idle").deliver(one, hurry));
  disk_.await_write();
  descriptors_.make_room();
  EXPECT_EQ(disk_.open_now(), many);
  disk_.let_go();
  EXPECT_EQ(tests::finish(loop_, delivering).outcome, Outcome::done);
}

}  // namespace
}  // namespace runnel::sinks
