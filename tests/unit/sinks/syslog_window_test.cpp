#include "sinks/syslog_window.hpp"

#include <gtest/gtest.h>

namespace runnel::sinks {
namespace {

using namespace std::chrono_literals;

class Window : public testing::Test {
 protected:
  Window() : window_({.keep = 10, .age = 10s}) {}

  // Four bytes in two frames.
  void add(const std::string& bytes) { window_.add(bytes, {2, 4}); }
  void send_all() {
    while (const auto* frames = window_.next()) window_.sent(frames->bytes.size() - window_.offset(), now_);
  }

  // What comes out from now on.
  std::string rest() {
    std::string all;
    while (const auto* frames = window_.next()) {
      all += frames->bytes.substr(window_.offset());
      window_.sent(frames->bytes.size() - window_.offset(), now_);
    }
    return all;
  }

  SyslogWindow window_;
  SyslogWindow::time_point now_;
};

TEST_F(Window, GivesWhatWasAddedInItsOrderAndGoesOnAtTheByte) {
  add("aabb");
  add("ccdd");
  EXPECT_EQ(window_.next()->bytes, "aabb");
  window_.sent(3, now_);
  EXPECT_EQ(window_.offset(), 3);
  EXPECT_EQ(rest(), "bccdd");
  EXPECT_EQ(window_.next(), nullptr);
}

TEST_F(Window, AfterABreakGivesAllThatIsNotAcknowledgedFromTheBeginningOfAFrame) {
  add("aabb");
  add("ccdd");
  send_all();
  add("eeff");
  window_.sent(3, now_);
  now_ += 1h;
  EXPECT_EQ(window_.rewind(now_), 11);
  EXPECT_EQ(rest(), "aabbccddeeff");
}

TEST_F(Window, AfterABreakGivesWhatIsAcknowledgedTooForItMayNotHaveBeenRead) {
  add("aabb");
  send_all();
  window_.acknowledge_all_but(0, now_);
  add("ccdd");
  now_ += 10s;
  window_.rewind(now_);
  EXPECT_EQ(rest(), "aabbccdd");
}

TEST_F(Window, ForgetsWhatWasAcknowledgedLongAgo) {
  add("aabb");
  send_all();
  window_.acknowledge_all_but(0, now_);
  now_ += 10001ms;
  add("ccdd");
  EXPECT_EQ(window_.rewind(now_), 0);
  EXPECT_EQ(rest(), "ccdd");
  EXPECT_EQ(window_.bytes(), 4);
}

TEST_F(Window, CountsTheAgeFromTheLastTimeThatItWasSent) {
  add("aabb");
  send_all();
  now_ += 1h;
  window_.rewind(now_);
  send_all();
  window_.acknowledge_all_but(0, now_);
  now_ += 10s;
  window_.rewind(now_);
  EXPECT_EQ(rest(), "aabb");
}

TEST_F(Window, TakesAnAcknowledgementForThatOfItsOwnConnectionOnly) {
  add("aabb");
  send_all();
  window_.acknowledge_all_but(0, now_);
  window_.rewind(now_);
  now_ += 1h;
  window_.rewind(now_);  // nothing was acknowledged on the second one
  EXPECT_EQ(rest(), "aabb");
}

TEST_F(Window, KeepsSoManyBytesBehindTheLastAcknowledgedOne) {
  for (const std::string bytes : {"aaaa", "bbbb", "cccc", "dddd", "eeee"}) add(bytes);
  send_all();
  window_.acknowledge_all_but(0, now_);
  EXPECT_EQ(window_.bytes(), 12);
  window_.rewind(now_);
  EXPECT_EQ(rest(), "ccccddddeeee");
}

TEST_F(Window, NeverForgetsWhatIsNotAcknowledgedHoweverMuchItIs) {
  for (int i = 0; i < 100; ++i) add("aabb");
  send_all();
  now_ += 1h;
  window_.acknowledge_all_but(399, now_);
  EXPECT_EQ(window_.bytes(), 400);
  window_.acknowledge_all_but(397, now_);  // of the first frames one byte is still out
  EXPECT_EQ(window_.bytes(), 400);
  window_.acknowledge_all_but(396, now_);
  EXPECT_EQ(window_.bytes(), 396);
  window_.acknowledge_all_but(1000, now_);  // sockets for datagrams count more than the bytes
  EXPECT_EQ(window_.bytes(), 396);
}

TEST_F(Window, ForgetsNothingThatIsBeingSent) {
  add("aabb");
  window_.sent(4, now_);
  add("ccdd");
  window_.sent(1, now_);
  window_.acknowledge_all_but(0, now_);
  now_ += 1h;
  window_.acknowledge_all_but(0, now_);
  EXPECT_EQ(window_.offset(), 1);
  EXPECT_EQ(rest(), "cdd");
}

TEST_F(Window, ForgetsAllThatArrivedForCertain) {
  add("aabb");
  send_all();
  add("ccdd");
  window_.acknowledge_all_but(0, now_);
  window_.forget_acknowledged();
  window_.rewind(now_);
  EXPECT_EQ(rest(), "ccdd");
}

}  // namespace
}  // namespace runnel::sinks
