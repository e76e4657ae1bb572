#include "sinks/syslog.hpp"

#include "support/records.hpp"
#include "support/run.hpp"
#include "support/temporary_directory.hpp"

#include <runnel/config/config.hpp>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <optional>
#include <set>
#include <utility>

namespace runnel::sinks {
namespace {

using namespace std::chrono_literals;
using flow::Outcome;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

// A descriptor that is closed with it.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    close();
    fd_ = std::exchange(other.fd_, -1);
    return *this;
  }
  ~Fd() { close(); }
  operator int() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

bool readable(int fd, std::chrono::milliseconds most) {
  pollfd one{fd, POLLIN, 0};
  return ::poll(&one, 1, static_cast<int>(most.count())) == 1;
}

Fd bound(int family, int type, std::uint16_t port) {
  Fd fd(::socket(family, type | SOCK_CLOEXEC, 0));
  const int yes = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in6 six{};
  sockaddr_in four{};
  six.sin6_family = AF_INET6;
  six.sin6_addr = in6addr_loopback;
  six.sin6_port = four.sin_port = htons(port);
  four.sin_family = AF_INET;
  four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool is_six = family == AF_INET6;
  EXPECT_EQ(::bind(fd, is_six ? reinterpret_cast<sockaddr*>(&six) : reinterpret_cast<sockaddr*>(&four),
                   is_six ? sizeof six : sizeof four),
            0);
  return fd;
}

std::uint16_t port_of(int fd) {
  sockaddr_in6 address{};  // the port is at the same place in both
  socklen_t size = sizeof address;
  EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  return ntohs(address.sin6_port);
}

// What comes to a socket for datagrams until there are so many; without a number: what is there.
std::vector<std::string> datagrams(int fd, std::size_t count = 0) {
  std::vector<std::string> all;
  std::string one(1 << 20, '\0');
  while (readable(fd, all.size() < count ? 10s : 0s))
    all.push_back(one.substr(0, static_cast<std::size_t>(::recv(fd, one.data(), one.size(), 0))));
  return all;
}

Fd local_server(const std::string& path) {
  Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  ::unlink(path.c_str());
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return fd;
}

// A server for streams, which takes one connection at a time.
class StreamServer {
 public:
  explicit StreamServer(int family = AF_INET)
      : listener_(bound(family, SOCK_STREAM, 0)), port_(port_of(listener_)) {
    EXPECT_EQ(::listen(listener_, 8), 0);
  }

  std::uint16_t port() const { return port_; }

  // From now on nobody connects; and again.
  void go() { listener_.close(); }
  void come_back() {
    listener_ = bound(AF_INET, SOCK_STREAM, port_);
    EXPECT_EQ(::listen(listener_, 8), 0);
  }

  // Its kernel holds a few KiB of what is not read.
  void take_little() {
    const int size = 4096;
    ::setsockopt(listener_, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }

  void accept() {
    EXPECT_TRUE(readable(listener_, 10s)) << "nobody connects";
    connection_ = Fd(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
  }

  // Reads so many frames, however they were cut into packets.
  std::vector<std::string> frames(std::size_t count) {
    std::vector<std::string> all;
    while (all.size() < count) {
      const auto blank = bytes_.find(' ');
      const auto size = blank == bytes_.npos ? 0 : std::stoul(bytes_.substr(0, blank));
      if (blank != bytes_.npos && bytes_.size() >= blank + 1 + size) {
        all.push_back(bytes_.substr(blank + 1, size));
        bytes_.erase(0, blank + 1 + size);
        continue;
      }
      if (!read_some()) return all;
    }
    return all;
  }

  // Waits for it; false: the other end is closed, and all is read.
  bool has_more_to_come() { return !bytes_.empty() || read_some(); }
  bool has_more() const { return !bytes_.empty() || readable(connection_, 0ms); }
  void say(const std::string& text) {
    EXPECT_EQ(::send(connection_, text.data(), text.size(), 0), text.size());
  }
  void wait_for_bytes() const { EXPECT_TRUE(readable(connection_, 10s)); }

  // At the end of all bytes: the other end has closed, and has not reset the connection.
  bool closed_cleanly() const {
    std::array<char, 1> byte;
    return readable(connection_, 10s) && ::recv(connection_, byte.data(), byte.size(), 0) == 0;
  }

  // With unread bytes the kernel resets the connection, as when a server is killed.
  void close() {
    connection_.close();
    bytes_.clear();
  }

 private:
  bool read_some() {
    if (!readable(connection_, 10s)) return false;
    std::array<char, 65536> part;
    const auto count = ::read(connection_, part.data(), part.size());
    if (count <= 0) return false;
    bytes_.append(part.data(), static_cast<std::size_t>(count));
    return true;
  }

  Fd listener_, connection_;
  std::uint16_t port_;
  std::string bytes_;
};

class SyslogSinkTest : public testing::Test {
 protected:
  SyslogSink& sink(const std::string& address, std::chrono::milliseconds patience = 10s) {
    options_.address = address;
    return made_.emplace(options_, Context{"logs", "flow", loop_.get_executor(), clock_}, patience);
  }
  SyslogSink& sink_to(const StreamServer& server, std::chrono::milliseconds patience = 10s) {
    return sink("tcp://127.0.0.1:" + std::to_string(server.port()), patience);
  }

  flow::Delivered deliver(const delivery::Batch& batch) {
    flow::Hurry patient;
    return tests::run(loop_, made_->deliver(batch, patient));
  }
  flow::Delivered deliver_in_a_hurry(const delivery::Batch& batch) {
    flow::Hurry hurry;
    auto delivering = tests::start(loop_, made_->deliver(batch, hurry));
    hurry.no_later_than(clock_.now());
    return tests::finish(loop_, delivering);
  }
  flow::Delivered prepare() {
    flow::Hurry patient;
    return tests::run(loop_, made_->prepare(patient));
  }
  void stop() {
    flow::Hurry patient;
    tests::run(loop_, made_->stop(patient));
  }

  // The batch again until it is through, as the flow does, but without its pauses.
  void deliver_at_last(const delivery::Batch& batch) {
    const auto deadline = clock_.now() + 10s;
    while (deliver(batch).outcome != Outcome::done) ASSERT_LT(clock_.now(), deadline);
  }

  delivery::Batch numbered(int from, int to, const std::string& text = "") {
    records_.at(from);
    for (int i = from; i < to; ++i) records_.add(std::to_string(i) + text);
    return records_.take();
  }

  tests::TemporaryDirectory dir_;
  async::asio::io_context loop_;
  flow::RealClock clock_;
  tests::Records records_;
  SyslogOptions options_;
  std::optional<SyslogSink> made_;
};

using LocalSyslog = SyslogSinkTest;
using UdpSyslog = SyslogSinkTest;
using TcpSyslog = SyslogSinkTest;

// What stands behind the header of each message.
std::vector<std::string> texts(const std::vector<std::string>& frames) {
  std::vector<std::string> all;
  for (const auto& frame : frames) {
    const auto local = frame.find("]: ");
    all.push_back(local == frame.npos ? frame.substr(frame.find("\"] ") + 3) : frame.substr(local + 3));
  }
  return all;
}

std::vector<std::string> numbers(int from, int to) {
  std::vector<std::string> all;
  for (int i = from; i < to; ++i) all.push_back(std::to_string(i));
  return all;
}

// the local socket

TEST_F(LocalSyslog, EachRecordIsADatagram) {
  const auto server = local_server(dir_ / "log");
  options_.facility = "local3";
  options_.severity = "warning";
  options_.app_name = "orders-log";
  sink(dir_ / "log");
  records_.add("one").add("two\nlines\n").add(std::nullopt);
  EXPECT_EQ(deliver(records_.take()).outcome, Outcome::done);
  const auto all = datagrams(server);
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_THAT(all[0], StartsWith("<156>"));
  EXPECT_THAT(all[0], EndsWith(" orders-log[" + std::to_string(::getpid()) + "]: one"));
  EXPECT_THAT(texts(all), ElementsAre("one", "two\nlines\n", ""));
}

TEST_F(LocalSyslog, FailsUntilTheServerIsThere) {
  const auto batch = numbered(0, 3);
  sink(dir_ / "log");
  const auto result = deliver(batch);
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.reason, dir_ / "log" + ": No such file or directory");
  const auto server = local_server(dir_ / "log");
  EXPECT_EQ(deliver(batch).outcome, Outcome::done);
  EXPECT_EQ(texts(datagrams(server)), numbers(0, 3));
}

TEST_F(LocalSyslog, IsHeldBackByAServerThatDoesNotRead) {
  const auto server = local_server(dir_ / "log");
  sink(dir_ / "log", 20ms);
  const auto batch = numbered(0, 200);
  const auto result = deliver(batch);  // the queue of a socket for datagrams is short
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_THAT(result.reason, EndsWith("takes nothing for 0.02 s"));
  EXPECT_EQ(deliver_in_a_hurry(batch).outcome, Outcome::late);
  std::vector<std::string> all;
  while (deliver(batch).outcome != Outcome::done) {
    for (auto& each : texts(datagrams(server))) all.push_back(std::move(each));
  }
  for (auto& each : texts(datagrams(server))) all.push_back(std::move(each));
  EXPECT_EQ(all, numbers(0, 200));  // each of them once
}

TEST_F(LocalSyslog, IsPreparedOnlyWhenTheServerHasRead) {
  const auto server = local_server(dir_ / "log");
  sink(dir_ / "log", 50ms);
  EXPECT_EQ(deliver(numbered(0, 3)).outcome, Outcome::done);
  const auto result = prepare();
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_THAT(result.reason, EndsWith("does not take what was sent for 0.05 s"));
  EXPECT_THAT(datagrams(server), SizeIs(3));
  EXPECT_EQ(prepare().outcome, Outcome::done);
}

TEST_F(LocalSyslog, SendsAgainWhatAServerThatDiedHadNotRead) {
  auto server = local_server(dir_ / "log");
  sink(dir_ / "log");
  EXPECT_EQ(deliver(numbered(0, 2)).outcome, Outcome::done);
  EXPECT_THAT(datagrams(server), SizeIs(2));
  EXPECT_EQ(prepare().outcome, Outcome::done);
  EXPECT_EQ(deliver(numbered(2, 4)).outcome, Outcome::done);
  server.close();
  EXPECT_EQ(prepare().outcome, Outcome::failed);
  server = local_server(dir_ / "log");
  EXPECT_EQ(deliver(numbered(4, 5)).outcome, Outcome::done);
  EXPECT_EQ(texts(datagrams(server)), numbers(2, 5));
  EXPECT_EQ(prepare().outcome, Outcome::done);
}

TEST_F(LocalSyslog, SeesAtACheckpointThatAnotherServerHasTakenThePlace) {
  auto server = local_server(dir_ / "log");
  sink(dir_ / "log");
  EXPECT_EQ(deliver(numbered(0, 2)).outcome, Outcome::done);
  auto other = local_server(dir_ / "log");
  server.close();
  EXPECT_EQ(prepare().outcome, Outcome::failed);
  EXPECT_THAT(texts(datagrams(other)), SizeIs(0));
  auto reading = std::async(std::launch::async, [&] { return texts(datagrams(other, 2)); });
  EXPECT_EQ(prepare().outcome, Outcome::done);
  EXPECT_EQ(reading.get(), numbers(0, 2));
}

TEST_F(LocalSyslog, CutsAndCountsWhatMaxMessageCannotHold) {
  const auto server = local_server(dir_ / "log");
  options_.max_message = {60 * 1024};
  sink(dir_ / "log");
  std::string long_text;
  while (long_text.size() < 100'000) long_text += "é";
  records_.add(long_text).add("short").add(std::string(50'000, 'x'));
  EXPECT_EQ(deliver(records_.take()).outcome, Outcome::done);
  const auto all = datagrams(server);
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_LE(all[0].size(), 60 * 1024);
  EXPECT_GE(all[0].size(), 60 * 1024 - 1);
  EXPECT_THAT(all[0], EndsWith("é"));
  EXPECT_THAT(texts(all)[1], "short");
  EXPECT_EQ(made_->cut(), 1);
}

TEST_F(LocalSyslog, CutsAndCountsWhatTheSocketItselfCannotHold) {
  const auto server = local_server(dir_ / "log");
  SyslogSocket socket(*parse_syslog_address(dir_ / "log"), 0, [] { return false; });
  std::string text = "x";
  while (text.size() < 400'000) text += "é";
  SyslogWindow window;
  window.add(text + "short", {text.size(), text.size() + 5});
  const auto deadline = clock_.now() + 10s;
  while (const auto* frames = window.next()) {
    window.sent(socket.send(*frames, window.offset()), clock_.now());
    ASSERT_LT(clock_.now(), deadline);
  }
  const auto all = datagrams(server);
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0], text.substr(0, all[0].size()));
  EXPECT_GT(all[0].size(), 1000);
  EXPECT_THAT(all[0], EndsWith("é"));
  EXPECT_EQ(all[1], "short");
  EXPECT_EQ(socket.cut(), 1);
}

// UDP

TEST_F(UdpSyslog, EachRecordIsADatagramByRfc5424) {
  for (const int family : {AF_INET, AF_INET6}) {
    const auto server = bound(family, SOCK_DGRAM, 0);
    sink((family == AF_INET ? "udp://127.0.0.1:" : "udp://[::1]:") + std::to_string(port_of(server)));
    records_.in("orders", 3).at(41).add("one", std::nullopt, 0).add("two");
    EXPECT_EQ(deliver(records_.take()).outcome, Outcome::done);
    EXPECT_EQ(prepare().outcome, Outcome::done);
    const auto all = datagrams(server);
    ASSERT_THAT(all, SizeIs(2));
    EXPECT_THAT(all[0], StartsWith("<30>1 1970-01-01T00:00:00.000Z "));
    EXPECT_THAT(all[0], EndsWith(" runnel " + std::to_string(::getpid()) +
                                 " - [runnel@32473 topic=\"orders\" partition=\"3\" offset=\"41\"] one"));
    EXPECT_THAT(all[1], EndsWith("offset=\"42\"] two"));
  }
}

TEST_F(UdpSyslog, IsNotPreparedWhileNobodyListensAndThenSendsAllAgain) {
  auto server = bound(AF_INET, SOCK_DGRAM, 0);
  const auto port = port_of(server);
  sink("udp://127.0.0.1:" + std::to_string(port));
  server.close();
  deliver(numbered(0, 1));
  const auto result = prepare();
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_THAT(result.reason, EndsWith("Connection refused"));
  server = bound(AF_INET, SOCK_DGRAM, port);
  EXPECT_EQ(prepare().outcome, Outcome::done);
  EXPECT_EQ(texts(datagrams(server)), numbers(0, 1));
}

TEST_F(UdpSyslog, TriesEveryAddressOfAName) {
  const auto server = bound(AF_INET, SOCK_DGRAM, 0);  // localhost may be ::1 first, where nobody listens
  sink("udp://localhost:" + std::to_string(port_of(server)));
  const auto batch = numbered(0, 1);
  const auto deadline = clock_.now() + 10s;
  do {
    deliver_at_last(batch);
    ASSERT_LT(clock_.now(), deadline);
  } while (prepare().outcome != Outcome::done);
  EXPECT_THAT(texts(datagrams(server)), testing::Contains("0"));
}

// TCP

TEST_F(TcpSyslog, RecordsAreCountedFramesInAStream) {
  for (const int family : {AF_INET, AF_INET6}) {
    StreamServer server(family);
    sink((family == AF_INET ? "tcp://127.0.0.1:" : "tcp://[::1]:") + std::to_string(server.port()));
    records_.add("one").add("two\n7 <13>1 forged\n").add(std::nullopt);
    EXPECT_EQ(deliver(records_.take()).outcome, Outcome::done);
    server.accept();
    EXPECT_EQ(texts(server.frames(3)), (std::vector<std::string>{"one", "two\n7 <13>1 forged\n", ""}));
    EXPECT_EQ(prepare().outcome, Outcome::done);
    EXPECT_FALSE(server.has_more());
  }
}

TEST_F(TcpSyslog, FailsUntilTheServerIsThere) {
  StreamServer server;
  server.go();
  sink_to(server);
  const auto batch = numbered(0, 3);
  const auto result = deliver(batch);
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.reason, "tcp://127.0.0.1:" + std::to_string(server.port()) + ": Connection refused");
  server.come_back();
  EXPECT_EQ(deliver(batch).outcome, Outcome::done);
  server.accept();
  EXPECT_EQ(texts(server.frames(3)), numbers(0, 3));
}

TEST_F(TcpSyslog, SaysThatANameCannotBeLookedUp) {
  sink("tcp://nobody.invalid:601");
  const auto result = deliver(numbered(0, 1));
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_THAT(result.reason, StartsWith("tcp://nobody.invalid:601: the name cannot be looked up: "));
}

TEST_F(TcpSyslog, SendsAgainWhatAServerThatWasKilledHadNotRead) {
  StreamServer server;
  sink_to(server);
  EXPECT_EQ(deliver(numbered(0, 100)).outcome, Outcome::done);
  EXPECT_EQ(prepare().outcome, Outcome::done);  // its kernel has it all
  server.accept();
  EXPECT_THAT(server.frames(1), SizeIs(1));
  server.close();
  deliver_at_last(numbered(100, 200));
  server.accept();
  EXPECT_EQ(texts(server.frames(200)), numbers(0, 200));
}

TEST_F(TcpSyslog, ConnectsAgainAtOnceWhenTheServerHasClosed) {
  StreamServer server;
  sink_to(server);
  EXPECT_EQ(deliver(numbered(0, 2)).outcome, Outcome::done);
  server.accept();
  EXPECT_THAT(server.frames(2), SizeIs(2));
  server.close();
  EXPECT_EQ(deliver(numbered(2, 3)).outcome, Outcome::done);
  server.accept();
  EXPECT_EQ(texts(server.frames(3)), numbers(0, 3));
}

TEST_F(TcpSyslog, IsNotPreparedWhenTheServerIsGone) {
  StreamServer server;
  sink_to(server);
  EXPECT_EQ(deliver(numbered(0, 100)).outcome, Outcome::done);
  server.accept();
  server.wait_for_bytes();
  server.go();
  server.close();
  EXPECT_EQ(prepare().outcome, Outcome::failed);
  EXPECT_EQ(prepare().outcome, Outcome::failed);
  server.come_back();
  EXPECT_EQ(prepare().outcome, Outcome::done);
  server.accept();
  EXPECT_EQ(texts(server.frames(100)), numbers(0, 100));
}

const std::string kibibyte(1024, 'x');

TEST_F(TcpSyslog, IsHeldBackByAServerThatDoesNotReadAndGoesOnAtTheByte) {
  StreamServer server;
  sink_to(server, 50ms);
  const auto batch = numbered(0, 40'000, kibibyte);  // more than the kernels' buffers hold
  const auto result = deliver(batch);
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_THAT(result.reason, EndsWith("takes nothing for 0.05 s"));
  EXPECT_EQ(deliver_in_a_hurry(batch).outcome, Outcome::late);
  server.accept();
  auto reading = std::async(std::launch::async, [&] { return server.frames(40'000); });
  deliver_at_last(batch);
  const auto all = texts(reading.get());
  ASSERT_THAT(all, SizeIs(40'000));
  for (int i = 0; i < 40'000; ++i) ASSERT_EQ(all[static_cast<std::size_t>(i)], std::to_string(i) + kibibyte);
}

TEST_F(TcpSyslog, IsPreparedOnlyWhenTheServersKernelHasItAll) {
  StreamServer server;
  server.take_little();
  sink_to(server, 50ms);
  EXPECT_EQ(deliver(numbered(0, 10, kibibyte)).outcome, Outcome::done);
  server.accept();
  const auto result = prepare();
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_THAT(result.reason, EndsWith("does not take what was sent for 0.05 s"));
  auto reading = std::async(std::launch::async, [&] { return server.frames(10); });
  while (prepare().outcome != Outcome::done) {
  }
  EXPECT_THAT(reading.get(), SizeIs(10));
}

TEST_F(TcpSyslog, LosesNothingHoweverOftenTheServerIsKilled) {
  StreamServer server;
  sink_to(server);
  std::set<std::string> seen;
  std::atomic<bool> calm = false;
  auto serving = std::async(std::launch::async, [&] {
    for (std::size_t kill = 0; kill < 20; ++kill) {
      server.accept();
      for (auto& text : texts(server.frames(1 + kill * 37))) seen.insert(std::move(text));
      server.close();  // what was not read is gone
    }
    calm = true;
    server.accept();
    while (server.has_more_to_come()) seen.insert(texts(server.frames(1)).at(0));
  });
  int end = 0;
  for (; !calm; end += 1000) deliver_at_last(numbered(end, end + 1000, kibibyte));
  deliver_at_last(numbered(end, end + 1));
  while (prepare().outcome != Outcome::done) {
  }
  stop();
  serving.get();
  EXPECT_THAT(seen, SizeIs(end + 1));
}

TEST_F(TcpSyslog, WhatTheServerSaysIsReadSoThatClosingLosesNothing) {
  StreamServer server;
  sink_to(server);
  EXPECT_EQ(deliver(numbered(0, 100)).outcome, Outcome::done);
  server.accept();
  server.say("220 welcome\r\n");
  EXPECT_EQ(prepare().outcome, Outcome::done);
  stop();
  EXPECT_EQ(texts(server.frames(100)), numbers(0, 100));
  EXPECT_TRUE(server.closed_cleanly());
}

TEST_F(TcpSyslog, StopsAtTheDeadlineThoughTheServerTakesNothing) {
  StreamServer server;
  sink_to(server, 1h);
  EXPECT_EQ(deliver_in_a_hurry(numbered(0, 40'000, kibibyte)).outcome, Outcome::late);
  flow::Hurry hurry;
  hurry.no_later_than(clock_.now());
  tests::run(loop_, made_->stop(hurry));
  made_.reset();  // a wait of the sink's thread ends by itself
}

TEST_F(TcpSyslog, KeepsABatchAliveWhileItIsSentAndNoLonger) {
  StreamServer server;
  sink_to(server);
  auto batch = numbered(0, 40'000, kibibyte);
  const std::weak_ptr<const void> owner = batch.owner;
  EXPECT_EQ(deliver_in_a_hurry(batch).outcome, Outcome::late);
  batch = {};
  EXPECT_FALSE(owner.expired());
  server.accept();
  auto reading = std::async(std::launch::async, [&] {
    while (server.frames(1).size() == 1) {
    }
  });
  auto next = numbered(7, 8);
  const std::weak_ptr<const void> next_owner = next.owner;
  EXPECT_EQ(deliver(next).outcome, Outcome::done);
  EXPECT_TRUE(owner.expired());
  next = {};
  EXPECT_TRUE(next_owner.expired());
  stop();
  reading.get();
}

TEST_F(TcpSyslog, CutsAndCountsWhatTheServerWouldNotTake) {
  StreamServer server;
  options_.max_message = {2048};
  options_.format = "json";
  sink_to(server);
  records_.add(std::string(5000, 'x')).add("short");
  EXPECT_EQ(deliver(records_.take()).outcome, Outcome::done);
  server.accept();
  const auto all = server.frames(2);
  EXPECT_THAT(all[0], SizeIs(2048));
  EXPECT_THAT(all[1], HasSubstr("] {\"topic\":\"topic\""));
  EXPECT_THAT(all[1], EndsWith("}"));
  EXPECT_EQ(made_->cut(), 1);
}

TEST_F(SyslogSinkTest, OwesNothingBeforeTheFirstRecord) {
  sink(dir_ / "no server here");
  EXPECT_EQ(prepare().outcome, Outcome::done);
  stop();
}

// its configuration

std::string refusal(const std::string& line) {
  std::vector<config::SinkKind> kinds;
  for (const auto& kind : registry()) kinds.push_back(kind.config);
  try {
    config::load({"[sink.logs]\ntype = 'syslog'\n" + line, "runneld.toml", {}, true}, kinds);
  } catch (const config::Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(SyslogConfiguration, TakesPathsAndHostsWithPorts) {
  for (const std::string address :
       {"/dev/log", "/run/systemd/journal/dev-log", "udp://127.0.0.1:514", "udp://[::1]:514",
        "tcp://[fe80::1%lo]:601", "tcp://logs.example.org:65535"})
    EXPECT_EQ(refusal("address = '" + address + "'"), "accepted");
}

TEST(SyslogConfiguration, RefusesWhatIsNoAddressAndSaysWhatOneIs) {
  for (const std::string address :
       {"", "dev/log", "localhost:514", "[::1]:514", "udp://", "udp://host", "udp://host:", "udp://host:0",
        "udp://host:65536", "udp://host:514x", "tcp://::1:514", "tcp://[host]:514", "tcp://[]:514",
        "http://host:514", "tcp://a b:1"})
    EXPECT_THAT(refusal("address = '" + address + "'"),
                StartsWith("runneld.toml:3:1: sink.logs.address: \"" + address +
                           "\": it is no address of a syslog server; write the path of a socket"));
  EXPECT_THAT(refusal("address = '/" + std::string(107, 'x') + "'"), HasSubstr("at most 107 bytes"));
}

TEST(SyslogConfiguration, RefusesNamesThatAreNone) {
  EXPECT_THAT(refusal("facility = 'demon'"), HasSubstr("did you mean daemon?"));
  EXPECT_THAT(refusal("facility = ''"), HasSubstr("is none of the choices"));
  EXPECT_THAT(refusal("severity = 'error'"),
              StartsWith("runneld.toml:3:1: sink.logs.severity: \"error\" is none"));
  EXPECT_THAT(refusal("app_name = 'a b'"),
              EndsWith("\"a b\": a name here is 1 to 48 letters, digits, ., _ and -; choose another"));
  EXPECT_THAT(refusal("max_message = '1023B'"), HasSubstr("the least is 1KiB"));
  EXPECT_THAT(refusal("max_message = '1MiB'"), HasSubstr("the most is 60KiB"));
}

}  // namespace
}  // namespace runnel::sinks
